"""Volumes written as NRRD, NIfTI or MetaImage files, whole or not at all."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from prognosis.errors import UsageError
from prognosis.imaging.scalar.files import MODALITY_KEY, PHANTOM_KEY, image_suffix
from prognosis.imaging.volume import Volume

WRITABLE_SUFFIXES = (".nrrd", ".nii.gz", ".nii", ".mha")


def write_volume(volume: Volume, path: Path, *, remarks: Mapping[str, str] | None = None) -> None:
    """Write a volume in the format its suffix names, compressed where the format knows how.

    NRRD and MetaImage keep `modality` and `phantom` in their headers; NIfTI has no place for them.

    Args:
        volume: The volume; booleans are written as bytes.
        path: A .nrrd, .nii.gz, .nii or .mha file in an existing folder; an existing file is replaced.
        remarks: Further header fields, by key; NIfTI has no place for them either.

    Raises:
        UsageError: The suffix is another, or the folder cannot be written.
    """
    suffix = image_suffix(path)
    if suffix not in WRITABLE_SUFFIXES:
        raise UsageError(
            f"{path}: images cannot be written as '{suffix}'.", remedy=f"Choose {', '.join(WRITABLE_SUFFIXES)}."
        )
    image = _itk_image(volume)
    for key, text in (remarks or {}).items():
        image.SetMetaData(f"prognosis_{key}", text)
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=f".partial{suffix}")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", remedy="Choose another output.") from error
    os.close(handle)
    aside = Path(name)
    try:
        _write(image, aside, path, compress=suffix != ".nii")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _itk_image(volume: Volume) -> sitk.Image:
    array = volume.array.astype(np.uint8) if volume.array.dtype == np.bool_ else volume.array
    array = array.astype(np.float32) if array.dtype == np.float16 else array
    image = sitk.GetImageFromArray(np.ascontiguousarray(array))
    image.SetSpacing(volume.geometry.spacing)
    image.SetOrigin(volume.geometry.origin)
    image.SetDirection(volume.geometry.direction)
    for key, value in ((MODALITY_KEY, volume.modality), (PHANTOM_KEY, volume.phantom)):
        if value is not None:
            image.SetMetaData(key, value)
    return image


def _write(image: sitk.Image, aside: Path, path: Path, *, compress: bool) -> None:
    """Write with the rights and the care for power loss that `files.write_bytes` has."""
    mask = os.umask(0)
    os.umask(mask)
    try:
        sitk.WriteImage(image, str(aside), useCompression=compress)
        aside.chmod(0o666 & ~mask)
        with aside.open("rb") as stream:
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"{path} cannot be written completely.", remedy="Free some space or choose another output."
        ) from error
