"""Chosen segments as one small `.seg.nrrd` for the worker."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis_slicer.scene.nrrd_files import write_nrrd

_SLICES_A_PIECE = 16


def write_lesions(lesions: Sequence[LesionMask], image: Geometry, path: Path) -> None:
    """Write lesions, one segment each with the lesion's label, on the smallest lattice that holds them all.

    That is a part of their own lattice, or of the image's where they have several.

    Args:
        lesions: At least one.
        image: The image's lattice.
        path: A `.seg.nrrd` file; not compressed.

    Raises:
        InputError: Lesions of several lattices are to be brought to the image's, and one covers none of its voxels.
        UsageError: The file cannot be written.
    """
    lattice = _common_lattice(lesions, image)
    placed = [place_on(lesion, lattice) for lesion in lesions]
    for lesion, place in zip(lesions, placed, strict=True):
        if not place.mask.any():
            raise InputError(
                f"Segment '{lesion.name}' covers no voxel of the image.",
                remedy="Draw it on this image, or leave it out.",
            )
    layer_of = _layers(placed)
    keys: dict[str, str] = {}
    for number, (lesion, place) in enumerate(zip(lesions, placed, strict=True)):
        keys |= _segment_keys(number, lesion, place, layer_of[number])
    keys |= {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    layers = max(layer_of) + 1
    dtype = np.dtype(np.uint8 if max(lesion.label for lesion in lesions) <= np.iinfo(np.uint8).max else np.uint16)
    pieces = _painted(lesions, placed, layer_of, lattice, dtype)
    write_nrrd(path, lattice, pieces, dtype, layers=layers, keys=keys)


def _common_lattice(lesions: Sequence[LesionMask], image: Geometry) -> Geometry:
    """The part of a lattice that holds all lesions, wherever its first voxel lies."""
    own = lesions[0].geometry
    mappings = [own.lattice_map_from(lesion.geometry) for lesion in lesions]
    if any(mapping is None for mapping in mappings):
        return image
    ends = []
    for lesion, mapping in zip(lesions, mappings, strict=True):
        last = np.asarray(lesion.geometry.size) - 1
        ends += [mapping[:, 3], mapping[:, :3] @ last + mapping[:, 3]]
    low, high = np.min(ends, axis=0), np.max(ends, axis=0)
    (a, b, c), (i, j, k) = low.tolist(), (high - low + 1).tolist()
    return own.crop((a, b, c), (i, j, k))


def _layers(placed: Sequence[PlacedMask]) -> list[int]:
    """The first layer for each in which it overlaps none before it."""
    layer_of: list[int] = []
    for number, place in enumerate(placed):
        taken = {layer_of[other] for other in range(number) if _overlap(place, placed[other])}
        layer_of.append(next(layer for layer in range(number + 1) if layer not in taken))
    return layer_of


def _overlap(one: PlacedMask, other: PlacedMask) -> bool:
    low = np.maximum(one.start, other.start)
    high = np.minimum(np.add(one.start, one.mask.shape[::-1]), np.add(other.start, other.mask.shape[::-1]))
    if (low >= high).any():
        return False
    first, second = (place.mask[_window(low - place.start, high - place.start)] for place in (one, other))
    return bool((first & second).any())


def _window(low: NDArray[np.int64], high: NDArray[np.int64]) -> tuple[slice, ...]:
    return tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))


def _painted(
    lesions: Sequence[LesionMask],
    placed: Sequence[PlacedMask],
    layer_of: Sequence[int],
    lattice: Geometry,
    dtype: np.dtype,
) -> Iterator[NDArray]:
    """The voxels, some slices at a time."""
    slices, rows, columns = lattice.shape
    for first in range(0, slices, _SLICES_A_PIECE):
        piece = np.zeros((min(_SLICES_A_PIECE, slices - first), rows, columns, max(layer_of) + 1), dtype)
        for lesion, place, layer in zip(lesions, placed, layer_of, strict=True):
            k, j, i = place.slices
            low, high = max(k.start, first), min(k.stop, first + len(piece))
            if low < high:
                box = piece[low - first : high - first, j, i, layer]
                box[place.mask[low - k.start : high - k.start]] = lesion.label
        yield piece


def _segment_keys(number: int, lesion: LesionMask, place: PlacedMask, layer: int) -> dict[str, str]:
    extent = " ".join(f"{s} {s + n - 1}" for s, n in zip(place.start, place.mask.shape[::-1], strict=True))
    keys = {
        "Extent": extent,
        "ID": f"Segment_{number + 1}",
        "LabelValue": str(lesion.label),
        "Layer": str(layer),
        "Name": lesion.name,
        "NameAutoGenerated": "0",
    }
    return {f"Segment{number}_{key}": text for key, text in keys.items()}
