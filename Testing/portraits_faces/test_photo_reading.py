"""What becomes of photos of every kind before a face is looked for."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms

from prognosis.errors import InputError
from prognosis.portraits.faces import photo as photo_module
from prognosis.portraits.faces.photo import read_photo

ORIENTATION = 0x0112


@pytest.fixture
def picture():
    """A picture whose corners differ: red, green, blue and white on a grey ramp."""
    pixels = np.empty((80, 120, 3), np.uint8)
    pixels[:] = np.linspace(60, 180, 120, dtype=np.uint8)[None, :, None]
    pixels[:20, :20], pixels[:20, -20:] = (250, 0, 0), (0, 250, 0)
    pixels[-20:, :20], pixels[-20:, -20:] = (0, 0, 250), (255, 255, 255)
    return Image.fromarray(pixels)


def corners(pixels):
    return [tuple(map(int, pixels[row, column])) for row in (5, -5) for column in (5, -5)]


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "jp2"])
def test_an_unharmed_photo_keeps_every_pixel(picture, tmp_path, suffix):
    file = tmp_path / f"photo.{suffix}"
    picture.save(file, **({"lossless": True} if suffix == "webp" else {}))
    photo = read_photo(file)
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert (photo.width, photo.height, photo.notes) == (120, 80, ())


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
@pytest.mark.parametrize(
    ("orientation", "stored"),
    [
        (2, Image.Transpose.FLIP_LEFT_RIGHT),
        (3, Image.Transpose.ROTATE_180),
        (4, Image.Transpose.FLIP_TOP_BOTTOM),
        (5, Image.Transpose.TRANSPOSE),
        (6, Image.Transpose.ROTATE_90),
        (7, Image.Transpose.TRANSVERSE),
        (8, Image.Transpose.ROTATE_270),
    ],
)
def test_exif_orientation_is_undone(picture, tmp_path, suffix, orientation, stored):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = tmp_path / f"photo.{suffix}"
    picture.transpose(stored).save(file, exif=exif, **({"quality": 100, "subsampling": 0} if suffix == "jpg" else {}))
    photo = read_photo(file)
    assert photo.pixels.shape == (80, 120, 3)
    assert np.abs(photo.pixels.astype(int) - np.asarray(picture)).max() <= 12


def test_an_orientation_that_does_not_exist_changes_nothing(picture, tmp_path):
    exif = Image.Exif()
    exif[ORIENTATION] = 77
    picture.save(tmp_path / "photo.png", exif=exif)
    assert np.array_equal(read_photo(tmp_path / "photo.png").pixels, np.asarray(picture))


def test_sixteen_bit_greys_keep_black_and_white(tmp_path):
    values = np.linspace(0, 65_535, 100 * 100).reshape(100, 100).round().astype(np.uint16)
    Image.fromarray(values).save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    assert np.array_equal(photo.pixels[..., 1], np.rint(values / 257).astype(np.uint8))
    assert photo.notes == ("16-bit greys were brought to 8 bits",)


def test_greys_become_three_equal_colours(picture, tmp_path):
    picture.convert("L").save(tmp_path / "photo.jpg")
    pixels = read_photo(tmp_path / "photo.jpg").pixels
    assert np.ptp(pixels, axis=-1).max() == 0


def test_cmyk_is_converted_and_noted(picture, tmp_path):
    picture.convert("CMYK").save(tmp_path / "photo.jpg", quality=100)
    photo = read_photo(tmp_path / "photo.jpg")
    assert np.abs(np.array(corners(photo.pixels)) - corners(np.asarray(picture))).max() <= 12
    assert photo.notes == ("CMYK was converted to RGB",)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_neutral_grey(picture, tmp_path, mode):
    if mode == "P":
        palette = Image.new("P", (100, 100), 0)
        palette.putpalette([255, 0, 0, 0, 255, 0])
        palette.save(tmp_path / "photo.png", transparency=0)
    else:
        see_through = picture.convert(mode)
        see_through.putalpha(0)
        see_through.save(tmp_path / "photo.png")
    photo = read_photo(tmp_path / "photo.png")
    assert (photo.pixels == 128).all()
    assert photo.notes == ("transparent parts were laid on grey",)


def test_a_palette_is_looked_up(picture, tmp_path):
    picture.convert("P").save(tmp_path / "photo.gif")
    assert corners(read_photo(tmp_path / "photo.gif").pixels)[3] == (255, 255, 255)


def test_of_an_animation_the_first_picture_is_taken(picture, tmp_path):
    picture.save(tmp_path / "photo.webp", save_all=True, append_images=[Image.new("RGB", picture.size)], lossless=True)
    photo = read_photo(tmp_path / "photo.webp")
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert photo.notes == ("the file holds several pictures: the first was taken",)


def test_a_colour_profile_is_applied(tmp_path):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("RGB", (64, 64), (200, 100, 50)).save(tmp_path / "photo.png", icc_profile=profile)
    assert np.abs(read_photo(tmp_path / "photo.png").pixels[0, 0].astype(int) - (200, 100, 50)).max() <= 1


def test_a_damaged_colour_profile_is_noted(picture, tmp_path):
    picture.save(tmp_path / "photo.png", icc_profile=b"no profile at all" * 20)
    photo = read_photo(tmp_path / "photo.png")
    assert np.array_equal(photo.pixels, np.asarray(picture))
    assert photo.notes == ("its colour profile is damaged and was not applied",)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("kept", [0.1, 0.5, 0.9])
def test_a_truncated_photo_is_refused(tmp_path, suffix, kept):
    noise = np.random.default_rng(0).integers(0, 255, (128, 128, 3), dtype=np.uint8)
    file = tmp_path / f"photo.{suffix}"
    Image.fromarray(noise).save(file)
    file.write_bytes(file.read_bytes()[: int(kept * file.stat().st_size)])
    with pytest.raises(InputError, match=r"damaged|truncated"):
        read_photo(file)


@pytest.mark.parametrize(
    "content",
    [b"", b"hello" * 100, b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", b"\xff\xd8\xff\xe0"],
    ids=["empty", "text", "postscript", "a JPEG's first bytes"],
)
def test_what_is_no_photo_is_refused(tmp_path, content):
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(InputError, match="photo"):
        read_photo(tmp_path / "photo.jpg")


@pytest.mark.parametrize("name", ["missing.jpg", ""], ids=["missing", "a folder"])
def test_what_is_no_file_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="no file"):
        read_photo(tmp_path / name)


def test_a_decompression_bomb_is_refused_before_it_is_unpacked(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "bomb.png")
    with pytest.raises(InputError, match="not unpacked"):
        read_photo(tmp_path / "bomb.png")


def test_the_largest_allowed_photo_is_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(photo_module, "MOST_PIXELS", 100 * 70)
    Image.new("RGB", (100, 70)).save(tmp_path / "fits.png")
    Image.new("RGB", (101, 70)).save(tmp_path / "larger.png")
    assert read_photo(tmp_path / "fits.png").width == 100
    with pytest.raises(InputError, match="not unpacked"):
        read_photo(tmp_path / "larger.png")


def test_a_tiny_photo_is_refused(tmp_path):
    Image.new("RGB", (63, 200)).save(tmp_path / "photo.png")
    with pytest.raises(InputError, match="63 x 200"):
        read_photo(tmp_path / "photo.png")


def test_floating_point_is_no_photo(tmp_path):
    Image.fromarray(np.ones((80, 80), np.float32)).save(tmp_path / "photo.tif")
    with pytest.raises(InputError, match="'F'"):
        read_photo(tmp_path / "photo.tif")


class TestHeic:
    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "photo.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
        return tmp_path / "photo.heic"

    def test_without_the_plug_in_it_is_refused_with_a_way_out(self, file, monkeypatch):
        monkeypatch.setattr("prognosis.portraits.faces.photo_files.find_spec", {}.get)
        with pytest.raises(InputError, match="not supported without the HEIC plug-in") as caught:
            read_photo(file)
        assert "pillow-heif" in caught.value.remedy

    def test_with_the_plug_in_it_is_asked_to_read(self, file, monkeypatch):
        asked = []
        plug_in = SimpleNamespace(register_heif_opener=lambda: asked.append(True), __spec__=SimpleNamespace())
        monkeypatch.setitem(sys.modules, "pillow_heif", plug_in)
        opened = Image.new("RGB", (70, 90), (1, 2, 3))
        monkeypatch.setitem(Image.OPEN, "HEIF", (lambda *_: opened, None))
        assert read_photo(file).pixels[0, 0].tolist() == [1, 2, 3]
        assert asked == [True]
