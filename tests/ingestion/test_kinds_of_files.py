"""Which files of a folder are read: pictures of any suffix; all others are listed, and so are empty pictures."""

import pandas as pd
import pytest
from PIL import Image
from raw_data import two_colours, write_phase, write_raf, write_text
from read_raw import one, problems, read

KINDS = {
    "a.jpg": "JPEG",
    "b.JPG": "JPEG",
    "c.jfif": "JPEG",
    "d.jpe": "JPEG",
    "e.avif": "AVIF",
    "f.jp2": "JPEG2000",
    "g.ppm": "PPM",
    "h": "PNG",
    "i.picture": "WEBP",
    "j.tif": "TIFF",
    "k.png": "JPEG",
    "l.0001": "PNG",
    "l.0002": "PNG",
}


def picture(file, number=0, kind=None):
    file.parent.mkdir(parents=True, exist_ok=True)
    two_colours((40, 30), (number * 20, 50, 0)).save(file, format=kind)


def listed(reading):
    """Effect, problem, file, row and value of every defect but those of labels."""
    columns = reading.defects[["effect", "problem", "file", "row", "value"]].astype(object)
    rows = columns.where(columns.notna(), None).itertuples(index=False, name=None)
    return [row for row in rows if row[1] != "no folder names a label"]


def test_every_picture_is_read_and_every_other_file_is_listed(tmp_path):
    for number, (name, kind) in enumerate(KINDS.items()):
        picture(tmp_path / name, number, kind)
    (tmp_path / "phone.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    (tmp_path / "empty.jpg").touch()
    for name in ("x.txt", "y.TXT", "Thumbs.db", "labels.json", ".DS_Store", ".cache/z.png", "nothing"):
        write_text(tmp_path / name, "no picture")
    (tmp_path / "folder.jpg").mkdir()
    reading = read("image_folder", tmp_path)
    assert set(reading.people["image_path"]) == set(KINDS)
    passed_over = reading.defects[reading.defects["problem"] == "no picture"]
    assert passed_over["advice"].notna().all()
    reason = "'Pillow cannot identify its content as a picture'"
    assert listed(reading) == [
        *(
            ("ignored", "no picture", name, kind, None)
            for name, kind in (
                (".DS_Store", "hidden"),
                (".cache", "hidden"),
                ("Thumbs.db", "*.db"),
                ("labels.json", "*.json"),
                ("nothing", "no suffix"),
                ("x.txt", "*.txt"),
                ("y.TXT", "*.txt"),
            )
        ),
        ("dropped", "image unreadable", "empty.jpg", "empty.jpg", reason),
        ("dropped", "image unreadable", "phone.heic", "phone.heic", reason),
    ]


def test_published_layouts_take_pictures_of_any_suffix(tmp_path):
    raf = write_raf(tmp_path / "raf") / "Image/aligned"
    for number, suffix in enumerate((".JFIF", ".avif", "", ".picture"), 1):
        (raf / f"train_{number:05}_aligned.jpg").unlink()
        picture(raf / f"train_{number:05}_aligned{suffix}", number, "PNG")
        write_text(raf / f"train_{number:05}_aligned.txt", "beside")
    reading = read("raf_db", tmp_path / "raf")
    assert len(reading.people) == 28
    assert one(reading.people, "train_00004")["image_path"].endswith("train_00004_aligned.picture")
    assert problems(reading) == [("ignored", "no picture", "*.txt")] * 4

    phase = write_phase(tmp_path / "phase")
    place = phase / "phase_images"
    (place / "val000.png").rename(place / "val000.webp")
    (place / "val001.png").rename(place / "val001")
    people = read("phase", phase).people
    assert one(people, "val000_person2")["image_path"] == "phase_images/val000.webp"
    assert one(people, "val001_person2")["image_path"] == "phase_images/val001"

    for name in ("DATASET/train/1/x.jfif", "DATASET/train/1/y", "DATASET/test/2/z.jpe"):
        picture(tmp_path / "relaid" / name, len(name), "JPEG")
    write_text(tmp_path / "relaid/DATASET/train/1/notes.md", "beside")
    reading = read("raf_db", tmp_path / "relaid")
    assert set(reading.people["person_id"]) == {"x", "y", "z"}
    assert ("ignored", "no picture", "*.md") in problems(reading)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("x.jpg", {}),
        ("x.jpg", {"progressive": True}),
        ("x.jpg", {"icc_profile": bytes(range(256)) * 40}),
        ("x.png", {}),
        ("x.png", {"compress_level": 0}),
        ("x.webp", {}),
        ("x.bmp", {}),
        ("x.tif", {}),
    ],
)
@pytest.mark.parametrize("side", [8, 700])
def test_an_original_of_a_single_colour_is_a_defect(tmp_path, name, how, side):
    picture(tmp_path / "good.png")
    Image.new("RGB", (side, side), (200, 13, 77)).save(tmp_path / name, **how)
    reading = read("image_folder", tmp_path)
    assert reading.people["image_path"].tolist() == ["good.png"]
    assert listed(reading) == [("dropped", "image of a single colour", name, name, None)]


@pytest.mark.parametrize(
    ("name", "how", "single"),
    [
        ("x.png", {}, False),
        ("x.bmp", {}, False),
        ("x.gif", {}, False),
        ("x.tif", {}, False),
        ("x.ppm", {}, False),
        ("x.webp", {"lossless": True}, False),
        ("x.webp", {"lossless": True, "icc_profile": bytes(501)}, False),
        ("x.webp", {}, True),
        ("x.webp", {"icc_profile": bytes(501)}, True),
        ("x.jpg", {}, True),
        ("x.avif", {}, True),
        ("x.jp2", {}, True),
        ("x.tif", {"compression": "jpeg"}, True),
    ],
)
def test_nearly_one_colour_is_one_only_where_compression_made_the_difference(tmp_path, name, how, single):
    nearly = Image.new("RGB", (64, 64), (10, 10, 10))
    nearly.paste((13, 13, 13), (0, 0, 32, 64))
    picture(tmp_path / "good.png")
    nearly.save(tmp_path / name, **how)
    assert read("image_folder", tmp_path).people["image_path"].tolist() == ["good.png"] + [name] * (not single)


def test_what_is_displayed_decides_whether_there_is_a_single_colour(tmp_path):
    clear = two_colours((20, 20), (9, 9, 9)).convert("RGBA")
    clear.putalpha(0)
    clear.save(tmp_path / "clear.png")
    nearly = Image.new("RGB", (500, 500), "white")
    nearly.putpixel((499, 499), (0, 0, 0))
    nearly.save(tmp_path / "nearly.png")
    reading = read("image_folder", tmp_path)
    assert reading.people["image_path"].tolist() == ["nearly.png"]
    assert listed(reading) == [("dropped", "image of a single colour", "clear.png", "clear.png", None)]


@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp", "avif"])
def test_boxes_lie_on_the_picture_as_it_is_displayed(tmp_path, kind):
    turned = two_colours((40, 20), (90, 0, 0))  # displayed 20 wide, 40 high
    record = Image.Exif()
    record[0x0112] = 6
    turned.save(tmp_path / f"a.{kind}", exif=record)
    write_text(tmp_path / "boxes.csv", f"image,x,y,width,height\na.{kind},0,25,20,15\na.{kind},25,0,15,20\n")
    reading = read("image_folder", tmp_path, labels="boxes.csv")
    assert problems(reading) == [("unknown", "box outside the image", "row 2")]
    assert one(reading.people, "a")["is_main"]
    assert pd.isna(one(reading.people, "a#2")["width"])
