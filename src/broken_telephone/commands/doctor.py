"""The command `kedro doctor`: checks what a study needs on this machine, and says what to do."""

from collections.abc import Iterator
from typing import Any

from broken_telephone.commands.check import MISSING, OK, Check
from broken_telephone.commands.configured import ConfiguredStudy, configured_study
from broken_telephone.commands.data_folders import check_data, check_results
from broken_telephone.commands.installed import check_extras, check_packages, check_python, extras_used
from broken_telephone.commands.machine import check_devices, check_disk, check_memory, check_token
from broken_telephone.commands.settings_check import check_settings
from broken_telephone.commands.study_state import state
from broken_telephone.commands.weights import check_weights, hub_ids, model_settings
from broken_telephone.console import say
from broken_telephone.errors import StudyError
from broken_telephone.loop import LoopSettings
from broken_telephone.visible import one_line


def examine(env: str | None) -> bool:
    """Print one line for each check; return whether nothing that the study needs is missing.

    Args:
        env: folder of the study; None is conf/base with conf/local.

    Raises:
        StudyError: if there is no such study.
    """
    study = configured_study(env)
    say(f"Study {study.location.study}")
    checks = list(_checks(study))
    width = max(len(check.what) for check in checks)
    for check in checks:
        say(f"{check.outcome:<7}  {check.what:<{width}}  {one_line(check.text)}")
    missing = sum(check.outcome == MISSING for check in checks)
    say("Nothing that this study needs is missing." if not missing else f"Missing: {missing}. Mend these first.")
    return not missing


def _checks(study: ConfiguredStudy) -> Iterator[Check]:
    yield check_python()
    yield check_packages()
    try:
        parameters = study.parameters
        check_settings(parameters)
        models = model_settings(parameters)
    except StudyError as error:
        # The other checks follow from the settings.
        yield Check("settings", MISSING, str(error))
        yield check_results(study.location.results)
        return
    yield Check("settings", OK, "they can be used")
    yield from check_extras(extras_used(parameters))
    yield from check_data(parameters)
    yield check_results(study.location.results)
    weights, sizes = check_weights(models)
    yield from weights
    yield check_token(hub_ids(models))
    loop = LoopSettings.model_validate(parameters["loop"])
    yield check_devices(models)
    yield check_memory(sizes, loop.residency)
    yield _disk(study, loop, models)


def _disk(study: ConfiguredStudy, loop: LoopSettings, models: dict[str, dict[str, Any]]) -> Check:
    generator = models.get("generator", {})
    pixels = (generator.get("width") or 0) * (generator.get("height") or 0)
    kept = len(loop.kept_iterations)
    try:
        chains = state(study.location, loop.iterations).chains
    except StudyError as error:
        return Check("disk", MISSING, str(error))
    return check_disk(study.location.results, chains, kept, pixels)
