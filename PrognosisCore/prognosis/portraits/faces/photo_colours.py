"""From the colours a file holds to sRGB, each kind by a rule that is written down."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms

from prognosis.errors import InputError

BACKGROUND = (128, 128, 128)
"""The grey behind what is transparent."""

_SIXTEEN_BITS = ("I;16", "I;16L", "I;16B", "I;16N", "I")
_GREYS = ("1", "L")
_WITH_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_PLAIN = ("P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV")
_LARGEST_PROFILE = 4_000_000


def to_srgb(picture: Image.Image, path: Path, notes: list[str]) -> Image.Image:
    """Convert a decoded picture to RGB in sRGB.

    16-bit greys are divided by 257, so that white stays white; a colour profile in the file is applied to RGB and CMYK,
    and CMYK without one is taken as the complement of RGB.

    Args:
        picture: Decoded.
        path: Named in messages.
        notes: Told what was done.

    Raises:
        InputError: Its kind of pixels is no photo's, such as floating point.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode in _SIXTEEN_BITS:
        notes.append("16-bit greys were brought to 8 bits")
        return _from_sixteen_bits(picture, path)
    if picture.mode in _GREYS:
        return picture.convert("RGB")
    if picture.mode in _WITH_ALPHA or "transparency" in picture.info:
        notes.append("transparent parts were laid on grey")
        return _profiled(_on_grey(picture), profile, notes)
    if picture.mode == "CMYK":
        notes.append("CMYK was converted to RGB")
    if picture.mode in _PLAIN:
        return _profiled(picture if picture.mode in ("RGB", "CMYK") else picture.convert("RGB"), profile, notes)
    raise InputError(
        f"{path} holds pixels of the kind '{picture.mode}', which is no photo's.",
        remedy="Export the photo as JPEG or PNG.",
    )


def _from_sixteen_bits(picture: Image.Image, path: Path) -> Image.Image:
    values = np.asarray(picture).astype(np.int64)
    if values.min() < 0 or values.max() > 65_535:
        raise InputError(
            f"{path} holds numbers that are no greys of 16 bits.", remedy="Export the photo as JPEG or PNG."
        )
    return Image.fromarray(((values + 128) // 257).astype(np.uint8)).convert("RGB")


def _on_grey(picture: Image.Image) -> Image.Image:
    visible = picture.convert("RGBA")
    ground = Image.new("RGBA", visible.size, (*BACKGROUND, 255))
    return Image.alpha_composite(ground, visible).convert("RGB")


def _profiled(picture: Image.Image, profile: object, notes: list[str]) -> Image.Image:
    """Apply a colour profile: telephones photograph in wider colours than sRGB, and a face would look too pale."""
    if not isinstance(profile, bytes) or not profile or len(profile) > _LARGEST_PROFILE:
        return picture.convert("RGB")
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(picture, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        notes.append("its colour profile is damaged and was not applied")
        return picture.convert("RGB")
    return picture.convert("RGB") if converted is None else converted
