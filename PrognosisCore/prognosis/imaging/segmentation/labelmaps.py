"""Lesions as the label values of one array or image file."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.scalar.files import geometry_of, image_suffix
from prognosis.imaging.scalar.nifti_non_finite import first_non_finite

MAX_LESIONS = np.iinfo(np.uint16).max
_MAX_WHOLE_DECIMAL = 2**31

Boxes = dict[int, tuple[slice, slice, slice]]


def read_labelmap(image: sitk.Image, path: Path, choice: LesionChoice) -> LesionSet:
    """Take each label value of an image file as a lesion, in ascending order.

    Args:
        image: The opened label map; 0 is background.
        path: Its file, for messages.
        choice: Which label values are meant.

    Returns:
        Lesions named 'lesion 3' after their label value, which is also their `label`.

    Raises:
        InputError: The image is not a label map: not three-dimensional, several values a voxel, fractions, NaN,
            negative values, or too many labels.
    """
    if image.GetDimension() != 3 or image.GetNumberOfComponentsPerPixel() != 1:
        raise InputError(
            f"{path} is no label map: it has {image.GetDimension()} dimensions and "
            f"{image.GetNumberOfComponentsPerPixel()} values a voxel.",
            remedy="Save the lesions as a 3D label map or as a .seg.nrrd.",
        )
    array = sitk.GetArrayViewFromImage(image)
    notes: tuple[str, ...] = ()
    if array.dtype.kind == "f":
        _check_non_finite(array, path)
        array = _integral(array, path)
        notes = ("the label map holds whole numbers stored as decimals",)
    array, boxes = boxes_by_value(array, path)
    values = sorted(boxes)
    names = [f"lesion {value}" for value in values]
    geometry = geometry_of(image)
    chosen = choice.pick(values, names, path)
    return LesionSet(
        tuple(lesion_in_box(array, boxes, values[at], names[at], geometry) for at in chosen),
        notes=notes,
    )


def boxes_by_value(array: NDArray, path: Path) -> tuple[NDArray, Boxes]:
    """Find the bounding box [k, j, i] of every label value of an integer array.

    Returns:
        The array with an integer type that holds every label, and the box of each label present, background left out.

    Raises:
        InputError: A value is negative, or there are too many labels.
    """
    lowest, highest = int(array.min()), int(array.max())
    if lowest < 0:
        raise InputError(
            f"{path} holds the negative label {lowest}.", remedy="A label map holds 0 for background and labels from 1."
        )
    if highest <= MAX_LESIONS:
        small = array.astype(np.uint16 if highest > 255 else np.uint8, copy=False)
        found = ndimage.find_objects(small)
        return small, {value: box for value, box in enumerate(found, start=1) if box is not None}
    labelled = np.flatnonzero(array)
    values, ranks = np.unique(array.ravel()[labelled], return_inverse=True)
    if len(values) > MAX_LESIONS:
        raise InputError(
            f"{path} holds {len(values)} labels; {MAX_LESIONS} are the most.", remedy="Check that it is a label map."
        )
    ranked = np.zeros(array.size, np.uint16)
    ranked[labelled] = ranks + 1
    found = ndimage.find_objects(ranked.reshape(array.shape))
    return array, {int(value): box for value, box in zip(values, found, strict=True)}


def lesion_in_box(array: NDArray, boxes: Boxes, value: int, name: str, geometry: Geometry) -> LesionMask:
    """Cut the lesion of one label value out of an array on `geometry`."""
    k, j, i = boxes[value]
    box = geometry.crop((i.start, j.start, k.start), (i.stop - i.start, j.stop - j.start, k.stop - k.start))
    return LesionMask(value, name, np.asarray(array[k, j, i] == value), box)


def undeclared_values(boxes: Iterable[int], declared: Iterable[int]) -> list[int]:
    """Return the label values present that no segment declares."""
    return sorted(set(boxes) - set(declared))


def _integral(array: NDArray, path: Path) -> NDArray[np.int64]:
    odd = array[(array != np.rint(array)) | (np.abs(array) > _MAX_WHOLE_DECIMAL)]
    if odd.size:
        raise _no_labelmap(float(odd[0]), path)
    return array.astype(np.int64)


def _check_non_finite(array: NDArray, path: Path) -> None:
    found: float | None
    if image_suffix(path) in (".nii", ".nii.gz"):
        found = first_non_finite(path)
    else:
        odd = array[~np.isfinite(array)]
        found = float(odd[0]) if odd.size else None
    if found is not None:
        raise _no_labelmap(found, path)


def _no_labelmap(value: float, path: Path) -> InputError:
    return InputError(
        f"{path} is no label map: it holds the value {'NaN' if np.isnan(value) else f'{value:.4g}'}.",
        remedy="Save the lesions with whole-number labels; cut a probability map at a threshold first.",
    )
