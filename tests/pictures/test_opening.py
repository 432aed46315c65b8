"""Every kind of file gives the same picture: upright, RGB, 8 bits a channel, on white."""

import io
import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from broken_telephone.datasets import ImageFolderDataset
from broken_telephone.errors import StudyError
from broken_telephone.pictures import PIXELS, at_most, bound_for, displayed_size, full_size, open_picture, opening
from broken_telephone.pictures.png_bands import has_bands, png_bands

Y, X = np.mgrid[:24, :40]
GREY = ((X * 5 + Y * 2) * 255 // 241).astype(np.uint8)
UNIT = GREY / 255
RGB = Image.fromarray(np.stack([GREY, 255 - GREY, GREY // 2], 2))
STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""Orientation -> how an upright picture is turned to be stored with it."""


def stored(image: Image.Image, kind: str, **how) -> io.BytesIO:
    content = io.BytesIO()
    image.save(content, format=kind, **how)
    content.seek(0)
    return content


def seen(content: io.BytesIO, longest: int | None = None) -> np.ndarray:
    content.seek(0)
    return np.asarray(open_picture(content, "it", longest)).astype(int)


def exif(orientation: int) -> Image.Exif:
    record = Image.Exif()
    record[0x0112] = orientation
    return record


def turned(orientation: int) -> Image.Image:
    how = STORED[orientation]
    return RGB if how is None else RGB.transpose(how)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("kind", "how", "off"),
    [
        ("JPEG", {"quality": 100, "subsampling": 0}, 6),
        ("PNG", {}, 0),
        ("TIFF", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}, 6),
        ("MPO", {"quality": 100, "subsampling": 0, "save_all": True, "append_images": [RGB]}, 6),
    ],
)
def test_pictures_stand_upright_and_so_do_their_sizes(kind, how, off, orientation):
    content = stored(turned(orientation), kind, exif=exif(orientation), **how)
    assert np.abs(seen(content) - np.asarray(RGB)).max() <= off
    content.seek(0)
    with Image.open(content) as image:
        assert displayed_size(image, content) == RGB.size
    small = open_picture(stored(turned(orientation), kind, exif=exif(orientation), **how), "it", longest=20)
    assert (small.size, full_size(small)) == ((20, 12), RGB.size)


XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    "record", [chunk(b"eXIf", exif(6).tobytes()[6:]), chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)]
)
def test_a_record_anywhere_in_a_png_counts(record, late):
    raw = stored(turned(6), "PNG").getvalue()
    place = len(raw) - 12 if late else 33
    content = io.BytesIO(raw[:place] + record + raw[place:])
    assert (seen(content) == np.asarray(RGB)).all()
    content.seek(0)
    with Image.open(content) as image:
        assert displayed_size(image, content) == RGB.size


@pytest.mark.parametrize("orientation", [0, 9, 77])
def test_a_damaged_record_counts_as_none(orientation):
    assert (seen(stored(RGB, "PNG", exif=exif(orientation))) == np.asarray(RGB)).all()
    assert (seen(stored(RGB, "PNG", exif=b"Exif\0\0no record")) == np.asarray(RGB)).all()


def tiff(values: np.ndarray, kind: int, bits: int | None = None) -> io.BytesIO:
    """A plain TIFF of one channel; kind is its SampleFormat: unsigned, signed, float."""
    data, (height, width) = values.tobytes(), GREY.shape
    tags = {256: width, 257: height, 258: bits or 8 * values.itemsize, 259: 1, 262: 1, 273: 8, 277: 1, 278: height}
    tags |= {279: len(data), 339: kind}
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    return io.BytesIO(
        b"II*\0" + struct.pack("<I", 8 + len(data)) + data + struct.pack("<H", len(tags)) + entries + b"\0\0\0\0"
    )


def deep(values: np.ndarray, kind: str = "TIFF") -> io.BytesIO:
    return stored(Image.fromarray(values), kind)


@pytest.mark.parametrize(
    "content",
    [
        deep(GREY, "PNG"),
        deep(GREY.astype(np.uint16) * 257, "PNG"),
        deep(GREY.astype(np.uint16) * 257, "JPEG2000"),
        deep(GREY.astype(np.uint16) * 257, "PPM"),
        tiff((GREY.astype(np.uint16) * 257).astype(">u2").byteswap(), 1),
        deep(GREY.astype(np.int32)),
        deep(GREY.astype(np.int32) * 257),
        deep((UNIT * (2**31 - 1)).astype(np.int32)),
        tiff((UNIT * (2**32 - 1)).astype("<u4"), 1),
        tiff((GREY.astype(int) * 257 - 32768).astype("<i2"), 2),
        tiff((GREY.astype(int) - 128).astype("i1"), 2),
        deep(UNIT.astype(np.float32)),
        deep(UNIT.astype(np.float32), "PPM"),
        deep(GREY.astype(np.float32)),
        deep(GREY.astype(np.float32) * 257),
        deep((UNIT * 2 - 1).astype(np.float32)),
        deep((UNIT * 1e6).astype(np.float32)),
    ],
    ids=lambda _: "",
)
def test_deep_pictures_are_scaled_by_their_range(content):
    assert np.abs(seen(content)[..., 0] - GREY).max() <= 1


def test_16_bit_big_endian_and_12_bit_pictures_are_scaled():
    big = Image.fromarray(GREY.astype(np.int32) * 257).convert("I;16B")
    assert (seen(stored(big, "TIFF"))[..., 0] == GREY).all()
    levels = (UNIT * 4095).round().astype(int).ravel()
    first, second = levels[::2], levels[1::2]
    packed = np.stack([first >> 4, (first & 15) << 4 | second >> 8, second & 255], 1).astype(np.uint8)
    assert np.abs(seen(tiff(packed, 1, bits=12))[..., 0] - GREY).max() <= 1


def test_what_is_beyond_the_range_of_floats_is_cut_off_and_nan_is_black():
    values = (UNIT * 1.2 - 0.1).astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    expected = np.clip(np.nan_to_num(values, nan=0, posinf=1, neginf=0), 0, 1) * 255
    assert np.abs(seen(deep(values))[..., 0] - expected).max() <= 0.5001
    assert seen(deep(np.full((4, 4), np.nan, np.float32))).max() == 0


def test_what_is_transparent_shows_a_white_ground():
    clear = RGB.copy()
    clear.putalpha(Image.fromarray((X < 20).astype(np.uint8) * 255))
    expected = np.where(X[..., None] < 20, np.asarray(RGB), 255)
    palette = RGB.convert("P", palette=Image.Palette.ADAPTIVE)
    for content in (stored(clear, "PNG"), stored(clear, "WEBP", lossless=True), stored(clear, "TIFF")):
        assert (seen(content) == expected).all()
    assert (seen(stored(palette, "PNG", transparency=bytes(256))) == 255).all()
    assert (seen(stored(palette, "GIF", transparency=palette.getpixel((0, 0)))))[0, 0].min() == 255
    grey = Image.fromarray(GREY)
    assert set(seen(stored(grey, "PNG", transparency=int(GREY[3, 3])))[GREY[3, 3] == GREY].ravel()) == {255}
    assert (seen(stored(grey.convert("LA"), "PNG"))[..., 0] == GREY).all()
    half = Image.new("RGBA", (4, 4), (0, 0, 0, 128))
    assert set(seen(stored(half, "PNG")).ravel()) == {127}


def test_the_key_of_a_deep_transparent_grey_becomes_white():
    rows = b"".join(b"\0" + struct.pack(">4H", 1, 4001, 8001, 12001) for _ in range(4))
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, 0, 0, 0, 0)),
        (b"tRNS", struct.pack(">H", 4001)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    )
    content = io.BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    assert seen(content)[0, :, 0].tolist() == [0, 255, 31, 47]


def test_other_modes_and_animations_are_as_pillow_converts_them():
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.profileToProfile(RGB, *profiles, outputMode="LAB")
    assert np.abs(seen(stored(lab, "TIFF")) - np.asarray(RGB)).mean() <= 3
    assert np.abs(seen(stored(RGB.convert("CMYK"), "JPEG", quality=100)) - np.asarray(RGB)).max() <= 12
    assert set(seen(stored(RGB.convert("1"), "PNG")).ravel()) == {0, 255}
    for kind, how in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True})):
        frames = stored(RGB, kind, save_all=True, append_images=[Image.new("RGB", RGB.size)], **how)
        assert (seen(frames) == seen(stored(RGB, kind, **how))).all()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "I;16"])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_a_picture_is_reduced_to_what_its_reader_needs(monkeypatch, mode, kind):
    large = Image.fromarray(np.kron(GREY, np.ones((16, 16), np.uint8)))
    image = Image.fromarray(np.asarray(large).astype(np.uint16) * 257) if mode == "I;16" else large.convert(mode)
    whole = seen(stored(image, kind))
    assert (whole == seen(stored(image, kind), longest=640)).all()
    monkeypatch.setattr(opening, "_BAND", 640 * 7)
    picture = open_picture(stored(image, kind), "it", longest=40)
    assert (picture.mode, picture.size, full_size(picture)) == ("RGB", (40, 24), (640, 384))
    assert np.abs(np.asarray(picture)[..., 0].astype(int) - GREY).mean() < 8
    assert open_picture(stored(large.resize((300, 1)), kind), "it", longest=40).size == (40, 1)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("level", [0, 9])
def test_bands_of_a_png_are_those_of_the_picture(mode, level):
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (29, 31, 4), np.uint8)).convert(mode)
    content = stored(image, "PNG", compress_level=level)
    for rows in (1, 5, 64):
        with Image.open(content) as opened:
            assert has_bands(opened, content)
            bands = list(png_bands(opened, content, rows))
        assert [top for top, _ in bands] == list(range(0, 29, rows))
        assert (np.concatenate([np.asarray(band) for _, band in bands]) == np.asarray(image)).all()
        content.seek(0)
    with pytest.raises(StudyError, match=r"it is no picture that opens \(image file is truncated\)"):
        open_picture(io.BytesIO(content.getvalue()[:-90]), "it", longest=8)


def test_files_that_do_not_open_are_named_with_the_reason(tmp_path, monkeypatch):
    (tmp_path / "x.jpg").mkdir()
    (tmp_path / "empty.png").touch()
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    (tmp_path / "cut.png").write_bytes(stored(noise, "PNG").getvalue()[:900])
    (tmp_path / "cut.jpg").write_bytes(stored(noise, "JPEG").getvalue()[:900])
    folder = ImageFolderDataset(path=str(tmp_path)).load()
    for name, why in (
        ("empty.png", "Pillow cannot identify its content"),
        ("cut.png", "truncated"),
        ("cut.jpg", "truncated"),
    ):
        with pytest.raises(StudyError, match=rf"{name} is no picture that opens \(.*{why}"):
            folder[name]()
    with pytest.raises(StudyError, match=r"gone\.png does not exist"):
        folder["gone.png"]()
    with pytest.raises(StudyError, match=r"x\.jpg cannot be read .*directory"):
        folder["x.jpg"]()
    monkeypatch.setattr(opening, "PIXELS", 100)
    noise.save(tmp_path / "giant.png")
    with pytest.raises(
        StudyError, match=r"giant\.png is no picture that opens \(it has 40 x 40 pixels; at most 100 pixels are opened"
    ):
        folder["giant.png"]()


def test_13000_pixels_a_side_are_no_bomb():
    assert Image.MAX_IMAGE_PIXELS == PIXELS > 13_000**2


def test_a_reader_says_how_large_pictures_are_to_be(tmp_path):
    RGB.save(tmp_path / "a.png")
    folder = ImageFolderDataset(path=str(tmp_path)).load()
    assert folder["a.png"](longest=10).size == (10, 6)
    few = at_most(folder, 20)
    assert (few["a.png"]().size, list(few), len(few), "a.png" in few, "b" in few) == (
        (20, 12),
        ["a.png"],
        1,
        True,
        False,
    )

    class Reader:
        longest: int | None = None

    reader = Reader()
    assert (bound_for(reader), bound_for(object())) == (2048, 2048)
    reader.longest = 336
    assert bound_for(reader) == 2048
    reader.longest = 3584
    assert bound_for(reader) == 3584


def test_large_files_take_little_memory(tmp_path):
    """A picture of 64 million pixels, which Pillow alone would hold in 256 MB."""
    row = b"\0" + bytes(range(256)) * 96
    packer = zlib.compressobj(1)
    rows = b"".join(packer.compress(row) for _ in range(8000)) + packer.flush()
    header = struct.pack(">IIBBBBB", len(row) // 3, 8000, 8, 2, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    script = (
        "import resource, sys\nfrom pathlib import Path\nfrom broken_telephone.pictures import open_picture\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert open_picture(Path(sys.argv[1]), longest=512).size == (512, 500)\n"
        "assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 120_000\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "a.png")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
