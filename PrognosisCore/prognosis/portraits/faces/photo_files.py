"""Which files are photos, and who may decode them."""

import struct
import zlib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from prognosis.errors import InputError

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".bmp", ".webp", ".gif", ".jp2", ".avif",
    ".heic", ".heif", ".hif",
)  # fmt: skip
DAMAGE = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, RuntimeError, struct.error,
    zlib.error,
)  # fmt: skip
"""What Pillow's decoders raise of a file that is not as it should be."""

_FORMATS = ("JPEG", "MPO", "PNG", "TIFF", "BMP", "WEBP", "GIF", "JPEG2000", "AVIF")
_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


def open_picture(path: Path) -> Image.Image:
    """Open a photo, its header alone being read; formats that start other programs (EPS and the like) are left out.

    Raises:
        InputError: There is no such file, it is no photo, or its format needs a package that is missing.
        Exception: One of `DAMAGE`.
    """
    if not path.is_file():
        raise InputError(f"{path} is no file.", remedy="Check the path.")
    with path.open("rb") as stream:
        head = stream.read(12)
    formats = [name for name in _FORMATS if name in _known()]
    if head[4:8] == b"ftyp" and head[8:12] in _HEIC_BRANDS:
        if find_spec("pillow_heif") is None:
            raise InputError(
                f"{path} is a HEIC photo, which is not supported without the HEIC plug-in.",
                remedy="Install pillow-heif, or export the photo as JPEG.",
            )
        import_module("pillow_heif").register_heif_opener()
        formats = ["HEIF"]
    try:
        return Image.open(path, formats=formats)
    except UnidentifiedImageError as error:
        raise InputError(
            f"{path} is no photo that can be read, or its beginning is damaged.",
            remedy="Export the photo again, as JPEG or PNG.",
        ) from error


def _known() -> set[str]:
    Image.init()
    return set(Image.OPEN)
