"""NRRD, NIfTI and MetaImage files, opened by SimpleITK after checks that cost nothing."""

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
import SimpleITK as sitk

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.scalar.detached_headers import check_detached_header
from prognosis.imaging.scalar.header_checks import check_text_header
from prognosis.imaging.scalar.nifti_header import check_nifti_is_whole, read_nifti_header
from prognosis.imaging.scalar.payload import check_payload

MAX_VOXELS = 2**30
SCALAR_SUFFIXES = (".nrrd", ".nhdr", ".nii", ".nii.gz", ".mha", ".mhd")
MODALITY_KEY = "prognosis_modality"
PHANTOM_KEY = "prognosis_phantom"

_IMAGE_IO = {
    ".nrrd": "NrrdImageIO",
    ".nhdr": "NrrdImageIO",
    ".nii": "NiftiImageIO",
    ".nii.gz": "NiftiImageIO",
    ".mha": "MetaImageIO",
    ".mhd": "MetaImageIO",
}
_NIFTI_SUFFIXES = (".nii", ".nii.gz")
_ORTHONORMAL_TOLERANCE = 1e-3
_SAME_PLACE_TOLERANCE_VOXELS = 0.1

_Result = TypeVar("_Result")


def image_suffix(path: Path) -> str:
    """Return the suffix in lower case, '.nii.gz' as one."""
    name = path.name.lower()
    return ".nii.gz" if name.endswith(".nii.gz") else path.suffix.lower()


def open_image_file(path: Path) -> sitk.Image:
    """Open a NRRD, NIfTI or MetaImage file of any dimension and number of components.

    Args:
        path: The file, its kind told by its suffix.

    Returns:
        The image with the header's own fields as metadata.

    Raises:
        InputError: The file is missing, of another kind, truncated, damaged, too large to decode, names data
            outside its own folder, has no voxel spacing, or has axes that are not the patient's or not at right
            angles.
    """
    suffix = image_suffix(path)
    if suffix not in _IMAGE_IO:
        raise InputError(f"{path} is not an image file known here.", remedy=f"Known are {', '.join(SCALAR_SUFFIXES)}.")
    if not path.is_file():
        raise InputError(f"{path} does not exist.", remedy="Check the path.")
    reader = sitk.ImageFileReader()
    reader.SetImageIO(_IMAGE_IO[suffix])
    reader.SetFileName(str(path))
    if suffix in _NIFTI_SUFFIXES:
        _check_nifti(path)
    else:
        check_detached_header(path)
        check_text_header(path)
    _run_itk(reader.ReadImageInformation, path)
    values = math.prod(reader.GetSize()) * reader.GetNumberOfComponents()
    _check_budget(path, values)
    if suffix not in _NIFTI_SUFFIXES:
        check_payload(path, values * _bytes_a_value(reader))
    image = _run_itk(reader.Execute, path)
    _check_axes(path, image)
    return image


def geometry_of(image: sitk.Image) -> Geometry:
    """Return the geometry of a three-dimensional image."""
    i, j, k = image.GetSize()
    return Geometry((i, j, k), image.GetSpacing(), image.GetOrigin(), image.GetDirection())


def _run_itk(step: Callable[[], _Result], path: Path) -> _Result:
    """Run one step of ITK without its warnings on stderr, and with its errors in words."""
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        return step()
    except RuntimeError as error:
        raise InputError(f"{path} cannot be read: {_cause(str(error))}.", remedy="Export the image again.") from error
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)


def _cause(itk_message: str) -> str:
    """The last telling line of ITK's message, without its own file names and addresses."""
    if "File cannot be read" in itk_message:
        return "it is truncated or damaged"
    lines = [line.strip() for line in itk_message.splitlines() if line.strip()]
    return re.sub(r"^(ITK ERROR: \S*|\[nrrd\] \S+:)\s*", "", lines[-1]).rstrip(".")


def _bytes_a_value(reader: sitk.ImageFileReader) -> int:
    """Read them from a type in words such as '16-bit signed integer' or 'vector of 32-bit float'."""
    bits = re.search(r"(\d+)-bit", sitk.GetPixelIDValueAsString(reader.GetPixelID()))
    return int(bits[1]) // 8 if bits else 1


def _check_budget(path: Path, values: int) -> None:
    if values > MAX_VOXELS:
        raise InputError(
            f"{path}: its header announces {values:,} voxel values; at most {MAX_VOXELS:,} are read.",
            remedy="Check the header, or crop the image.",
        )


def _check_nifti(path: Path) -> None:
    header = read_nifti_header(path)
    _check_budget(path, math.prod(header.size))
    if min(header.spacing[: len(header.size)]) <= 0 or not np.all(np.isfinite(header.spacing)):
        raise InputError(f"{path}: its voxel spacing (pixdim) is {header.spacing}.", remedy="Export the image again.")
    check_nifti_is_whole(path, header)


def _check_axes(path: Path, image: sitk.Image) -> None:
    """Refuse sheared axes, and a NIfTI whose sform ITK passed over for its qform."""
    if image.GetDimension() != 3:
        return
    geometry = geometry_of(image)
    axes = np.reshape(geometry.direction, (3, 3))
    sheared = np.abs(axes.T @ axes - np.eye(3)).max() > _ORTHONORMAL_TOLERANCE
    if image_suffix(path) in _NIFTI_SUFFIXES and (affine := read_nifti_header(path).affine) is not None:
        corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * geometry.size
        apart = geometry.to_patient(corners) - (corners @ affine[:3, :3].T + affine[:3, 3])
        sheared |= np.abs(apart).max() > _SAME_PLACE_TOLERANCE_VOXELS * min(geometry.spacing)
    if sheared:
        raise InputError(
            f"{path}: its axes are not at right angles, or its header contradicts itself on where they lie.",
            remedy="Resample the image onto a straight grid.",
        )
