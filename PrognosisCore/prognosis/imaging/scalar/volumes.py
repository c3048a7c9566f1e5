"""Volumes from NRRD, NIfTI and MetaImage files."""

import re
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from prognosis.errors import InputError
from prognosis.imaging.scalar.files import MODALITY_KEY, PHANTOM_KEY, geometry_of, image_suffix, open_image_file
from prognosis.imaging.scalar.header_checks import place_notes
from prognosis.imaging.scalar.nifti_header import read_nifti_header
from prognosis.imaging.scalar.nifti_non_finite import first_non_finite
from prognosis.imaging.volume import Volume

_SEGMENT_KEY = re.compile(r"Segment\d+_ID")


def read_scalar_volume(path: Path) -> Volume:
    """Read a three-dimensional image with one value a voxel.

    Raises:
        InputError: As `open_image_file`, or the file holds a segmentation, a flat image, a series in time, several
            values a voxel, NaN or infinity.
    """
    image = open_image_file(path)
    _check_is_one_volume(path, image)
    array = sitk.GetArrayFromImage(image)
    notes = _check_values(path, array)
    return Volume(
        array=array,
        geometry=geometry_of(image),
        modality=_metadata(image, MODALITY_KEY),
        phantom=_metadata(image, PHANTOM_KEY),
        notes=notes,
    )


def _metadata(image: sitk.Image, key: str) -> str | None:
    return image.GetMetaData(key) or None if image.HasMetaDataKey(key) else None


def _check_is_one_volume(path: Path, image: sitk.Image) -> None:
    remedy = "Give a three-dimensional image with one value a voxel."
    if any(_SEGMENT_KEY.fullmatch(key) for key in image.GetMetaDataKeys()):
        raise InputError(f"{path} is a segmentation, not an image.", remedy="Give it as lesions, not as image.")
    if image.GetNumberOfComponentsPerPixel() != 1 or "complex" in image.GetPixelIDTypeAsString():
        raise InputError(f"{path} holds several values a voxel (colour, vectors or time).", remedy=remedy)
    if image.GetDimension() != 3:
        raise InputError(f"{path} has {image.GetDimension()} dimensions, not 3.", remedy=remedy)
    if min(image.GetSize()) < 2:
        sizes = " x ".join(str(size) for size in image.GetSize())
        raise InputError(f"{path} is flat ({sizes} voxels); a volume needs at least 2 slices.", remedy=remedy)


def _check_values(path: Path, array: np.ndarray) -> tuple[str, ...]:
    remedy = "Export the image again."
    if array.dtype.kind == "f" and (odd := array.size - int(np.count_nonzero(np.isfinite(array)))):
        raise InputError(f"{path} holds {odd:,} voxels that are NaN or infinite.", remedy=remedy)
    if image_suffix(path) not in (".nii", ".nii.gz"):
        return place_notes(path)
    if array.dtype.kind == "f" and (value := first_non_finite(path)) is not None:
        raise InputError(f"{path} holds voxels that are NaN or infinite (the first is {value}).", remedy=remedy)
    if not read_nifti_header(path).oriented:
        return ("The file does not tell where it lies in the patient (no qform, no sform): LPS axes are assumed.",)
    return ()
