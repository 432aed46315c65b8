"""A study's name and the rest of globals.yml, and how files of settings are read."""

import shutil
import tarfile
import zipfile
from pathlib import Path

import pytest

from broken_telephone.errors import StudyError
from broken_telephone.settings import CONFIG_LOADER_ARGS
from broken_telephone.study_config.loader import StudyConfigLoader
from broken_telephone.study_config.yaml_text import MOST_COPIES, refuse_bad_yaml

CONF = Path(__file__).parents[2] / "conf"


@pytest.fixture
def conf(tmp_path):
    """A copy of conf, in a folder whose name means something else to fsspec, OmegaConf and rich."""
    folder = tmp_path / "x [a] #1 *b ${c} {d} p::q 100% [/bold]" / "conf"
    shutil.copytree(CONF, folder, ignore=shutil.ignore_patterns("local"))
    return folder


def study(conf, name="mine", globals_yml="study: mine", parameters_yml="") -> Path:
    (conf / name).mkdir()
    (conf / name / "globals.yml").write_text(globals_yml, encoding="utf-8")
    (conf / name / "parameters.yml").write_text(parameters_yml, encoding="utf-8")
    return conf / name


def load(conf, env="mine", **params) -> StudyConfigLoader:
    return StudyConfigLoader(conf, env, runtime_params=params, **CONFIG_LOADER_ARGS)


def refused(conf, env="mine", key="globals", **params) -> str:
    with pytest.raises(StudyError) as raised:
        load(conf, env, **params)[key]
    return str(raised.value)


@pytest.mark.parametrize("name", ["raf_2024", "A-b", "x" * 64, "2024-01-01", '"2024_01"', "'on'"])
def test_names_of_letters_digits_and_two_signs_are_taken(conf, name):
    study(conf, globals_yml=f"study: {name}")
    assert load(conf)["globals"]["study"] == name.strip("'\"")


@pytest.mark.parametrize("setting", ["study", "world"])
@pytest.mark.parametrize(
    ("stated", "read"),
    [
        ("2024_01", "202401 (a number)"),
        ("on", "True (true or false)"),
        ("1e3", "1000.0 (a number)"),
        ("[a]", "(a list)"),
    ],
)
def test_what_yaml_does_not_read_as_text_is_shown_as_it_is_read(conf, setting, stated, read):
    mine = study(conf, globals_yml=f"study: mine\n{setting}: {stated}" if setting == "world" else f"study: {stated}")
    message = refused(conf)
    assert message.startswith(f"{mine / 'globals.yml'}: '{setting}': YAML reads ")
    assert read in message
    assert "in quotes" in message


@pytest.mark.parametrize(
    "name", ["RAF [aligned] (2024)", "", "x" * 65, "..", "a/b", "a b", "é", "a\n", "a.b", "*", "~", "-x", "--env"]
)
def test_what_is_no_folders_name_everywhere_is_refused_with_the_rule(conf, name):
    study(conf, globals_yml=f"study: {name!r}" if name != "a\n" else 'study: "a\\n"')
    assert "letters (a to z, A to Z), digits, - and _" in refused(conf)


def test_a_name_that_would_do_is_proposed(conf):
    study(conf, globals_yml="study: My faces (é)")
    assert refused(conf).endswith("Try 'My_faces'")


@pytest.mark.parametrize("stated", ["study:", "study: null", "", "{}"])
def test_a_study_without_a_name_is_asked_for_one(conf, stated):
    study(conf, globals_yml=stated)
    assert "names no study of its own" in refused(conf)


@pytest.mark.parametrize("second", ["mine", "MINE", '"Mine"'])
def test_a_name_belongs_to_one_folder_whichever_is_run(conf, second):
    study(conf)
    study(conf, "copy", globals_yml=f"study: {second}")
    for env in ("mine", "copy"):
        message = refused(conf, env)
        assert str(conf / "mine") in message
        assert str(conf / "copy") in message
    load(conf, "raf_emotion")
    load(conf, None)


def test_the_base_studys_name_and_that_of_local_belong_to_one_folder_too(conf):
    study(conf, globals_yml="study: Miniature")
    assert "names no study of its own" in refused(conf)
    assert str(conf / "mine") in refused(conf, None)
    shutil.rmtree(conf / "mine")
    study(conf, "local", globals_yml="study: miniature")
    assert load(conf, None)["globals"]["study"] == "miniature"
    (conf / "local/globals.yml").write_text("study: raf_emotion")
    assert str(conf / "raf_emotion") in refused(conf, None)
    assert str(conf / "local") in refused(conf, "raf_emotion")


def test_a_folder_that_cannot_be_read_does_not_stop_another_study(conf):
    study(conf)
    study(conf, "broken", globals_yml="study: [")
    assert load(conf)["globals"]["study"] == "mine"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("resutls: x", "'resutls' is not a setting here (there are: study, extends, results, world, models)"),
        ("results: 3", "'results': input should be a valid string, not 3"),
        ("results: ''", "'results': this must be a folder or an address"),
        ("results: foo://x", "Protocol not known: foo"),
        ("results: ftp://host/x", "cannot be used here: it needs host"),
        ("models: [a]", "'models': input should be a valid string"),
    ],
)
@pytest.mark.parametrize("folder", ["mine", "local"])
def test_all_globals_are_checked_wherever_they_stand(conf, folder, line, message):
    study(conf, folder, globals_yml=f"study: mine\n{line}")
    found = refused(conf, None if folder == "local" else "mine")
    assert found.startswith(str(conf / folder / "globals.yml"))
    assert message in found


@pytest.mark.parametrize("place", ["memory://AKIA:SECRET@bucket/x", "s3://key:SECRET@bucket", "s3://b/x?token=SECRET"])
@pytest.mark.parametrize("setting", ["results", "models"])
def test_an_address_with_a_password_is_refused_and_not_repeated(conf, setting, place):
    study(conf, globals_yml=f"study: mine\n{setting}: {place}")
    message = refused(conf)
    assert f"'{setting}': an address with a key or a password" in message
    assert "~/.aws" in message
    assert "SECRET" not in message
    assert "AKIA" not in message


# A container, and a folder that is named like the home of a user who does not exist.
@pytest.mark.parametrize("place", ["memory://container@account.example/x", "~nobody-here/x"])
def test_an_address_or_a_folder_may_name_a_user(conf, place):
    study(conf, globals_yml=f"study: mine\nresults: {place}")
    assert load(conf)["globals"]["results"] == place


@pytest.mark.parametrize("env", ["../conf", "miniature_activity/", "nope", ".", "MINIATURE_ACTIVITY"])
def test_an_env_is_the_name_of_a_folder_in_conf(conf, env):
    message = refused(conf, env)
    assert f"There is no study {env!r}" in message
    assert "There are: base, " in message
    # Far from every name, nothing is proposed.
    assert ("Did you mean miniature_activity" in message) == ("ACTIVITY" in env.upper())
    assert message.count("Did you mean") == ("ACTIVITY" in env.upper())
    assert "Did you mean validation" not in message


def test_many_studies_are_listed_by_a_command(conf):
    for number in range(21):
        (conf / f"arm_{number}").mkdir()
    message = refused(conf, "nope")
    assert "`kedro studies` lists all" in message
    assert "arm_7" not in message


def test_the_home_folder_is_found_in_every_path(conf, monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    parameters = """
    data_root: ~/raw
    dataset: {source: image_folder, labels: ~/raw/labels.csv}
    chains: {prompt_file: ~/prompts.yml}
    generator: {path: ~/models/g, lora: {path: ~/lora}, load: {cache_dir: ~/cache}}
    describer: {path: ~/models/d, adapter: {path: ~/adapter}, system: ~/ is no path here}
    annotator: {path: ~/models/a}
    embedder: {path: ~/models/e, texts: {path: ~/models/t}}
    detector: {path: ~/models/d.pth, network: retinaface_resnet50}
    rating: {database: "sqlite:///~/ratings.sqlite"}
    """
    study(conf, globals_yml="study: mine\nresults: ~/results\nmodels: ~/models", parameters_yml=parameters)
    loader = load(conf, parser={"path": "~/p"}, data_root="~/other")
    found = loader["parameters"]
    assert found["describer"].pop("system") == "~/ is no path here"
    assert "~" not in str({name: found[name] for name in found if name != "miniature"})
    assert (found["data_root"], found["parser"]["path"]) == ("/home/me/other", "/home/me/p")
    assert found["generator"]["load"]["cache_dir"] == "/home/me/cache"
    assert found["rating"]["database"] == "sqlite:////home/me/ratings.sqlite"
    catalog = loader["catalog"]
    assert catalog["people"]["filepath"] == "/home/me/results/02_intermediate/mine/people.parquet"
    assert catalog["originals"]["path"] == "/home/me/other"
    assert catalog["miniature_judge"]["path"] == "/home/me/models/judge"


@pytest.mark.parametrize("text", ["a ${x}", "a ${x", "${}", "${no:1}"])
def test_a_reference_that_leads_nowhere_is_refused_with_its_setting_and_the_way_to_write_it(conf, text):
    study(conf, parameters_yml=f"loop:\n  describe_prompt: '{text}'")
    message = refused(conf, key="parameters")
    assert "loop.describe_prompt" in message
    assert r"write `\${`" in message


def test_signs_of_a_reference_may_stand_in_texts(conf):
    parameters = r"""
    loop: {describe_prompt: 'cost \${x} and \${y'}
    chains: {prompts: [{label: fear, text: 'afraid of \${z}'}]}
    generator: {path: g, negative_prompt: 'no \${x}'}
    """
    study(conf, parameters_yml=parameters)
    found = load(conf)
    assert found["parameters"]["loop"]["describe_prompt"] == "cost ${x} and ${y"
    assert found["parameters"]["chains"]["prompts"][0]["text"] == "afraid of ${z}"
    assert found["catalog"]["generator"]["settings"]["negative_prompt"] == "no ${x}"


BOMB = "x0: &x0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n" + "".join(
    f"x{k}: &x{k} [{', '.join([f'*x{k - 1}'] * 10)}]\n" for k in range(1, 12)
)


@pytest.mark.parametrize("file", ["globals.yml", "parameters.yml", "catalog.yml"])
def test_aliases_are_bounded(conf, file):
    mine = study(conf)
    (mine / file).write_text(BOMB)
    message = refused(conf, key=file.removesuffix(".yml"))
    assert message.startswith(str(mine / file))
    assert "aliases (*name) stand for more than 10¹² values, of which 35 are written" in message


@pytest.mark.parametrize("text", ["a: &a [*a]", "[" * 2000, "a: [", "a: *b", "a: 1\n---\nb: 2", "a: '\0'"])
def test_yaml_that_is_none_is_named(text):
    with pytest.raises(StudyError, match=r"^file\.yml"):
        refuse_bad_yaml(text, "file.yml")


def test_many_values_and_some_aliases_are_no_bomb():
    refuse_bad_yaml("\n".join(f"- {{a: {k}}}" for k in range(3000)) + "\n", "file.yml")
    refuse_bad_yaml(f"x: &x [{'1, ' * 99}1]\ny: [{'*x, ' * (MOST_COPIES // 101 - 1)}*x]", "file.yml")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a\n", "does not hold settings by name"),
        (b"loop: {a: 1}\nloop: {b: 2}\n", "line 2 cannot be read as settings: found duplicate key"),
        ("loop: {describe_prompt: é}".encode("latin-1"), "not encoded in UTF-8 (byte 24): save it as UTF-8"),
    ],
)
def test_a_file_of_settings_that_cannot_be_read_is_named(conf, content, message):
    mine = study(conf)
    (mine / "parameters.yml").write_bytes(content)
    found = refused(conf, key="parameters")
    assert str(mine / "parameters.yml") in found
    assert message in found


def test_settings_that_are_stated_in_two_files_are_named(conf):
    mine = study(conf, parameters_yml="data_root: a")
    (mine / "parameters_more.yml").write_text("data_root: b")
    assert "Duplicate keys found in" in refused(conf, key="parameters")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"generator": 3}, "generator is a group of settings, not 3"),
        ({"chains": None}, "chains is a group of settings, not None"),
        ({"chains": {"prompts": {"0": {"text": "x"}}}}, "a list is replaced as a whole"),
        ({"results": "/x"}, "'results' belongs in globals.yml"),
        ({"lop": {"iterations": 2}}, "There is no setting 'lop'"),
    ],
)
def test_wrong_params_are_refused_by_name(conf, params, message):
    assert message in refused(conf, None, key="parameters", **params)


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_settings_may_come_in_an_archive(conf, kind):
    """As `kedro package` writes it: without the folder `local`."""
    study(conf, parameters_yml="loop: {iterations: 7}")
    archive = conf.parent.parent / f"conf.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(conf.rglob("*")):
                file.write(path, path.relative_to(conf.parent))
    else:
        with tarfile.open(archive, "w:gz") as file:
            file.add(conf, "conf")
    assert load(archive)["parameters"]["loop"]["iterations"] == 7
    assert load(archive, None)["globals"]["study"] == "miniature"
    assert "There is no study 'nope'" in refused(archive, "nope")


@pytest.mark.parametrize("name", ["c.tar.gz", "c.zip", "c.txt"])
def test_what_holds_no_settings_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"no archive")
    assert str(tmp_path / name) in refused(tmp_path / name, None)
