"""Lesions written as files that 3D Slicer opens: `.seg.nrrd` segmentations and label maps."""

import gzip
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import UsageError
from prognosis.files import write_bytes
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import tidy_name
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import PlacedMask, place_on
from prognosis.imaging.scalar.files import PHANTOM_KEY
from prognosis.imaging.segmentation.labelmaps import MAX_LESIONS
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

_GOLDEN_RATIO = 0.618034
_GZIP_LEVEL = 4


def write_seg_nrrd(
    lesions: Sequence[LesionMask],
    image: Geometry,
    path: Path,
    *,
    phantom: str | None = None,
    colours: Mapping[int, tuple[int, int, int]] | None = None,
) -> None:
    """Write lesions as a segmentation on the image's lattice, one segment each, whole or not at all.

    Lesions that overlap go into further layers; without overlap the file is a plain label map with keys.

    Args:
        lesions: May be none. A lesion's `label` becomes its label value.
        image: The lattice to write on; what lies outside is cut.
        path: Must end in `.seg.nrrd`.
        phantom: The phantom the lesions come from, written into the header to mark what belongs to no patient.
        colours: RGB, each 0 to 255, by lesion label; others get distinct colours.

    Raises:
        UsageError: The file name does not end in `.seg.nrrd`, labels repeat or do not fit, a lesion lies wholly
            outside the image, or the file cannot be written.
    """
    if not path.name.lower().endswith(".seg.nrrd"):
        raise UsageError(f"{path.name} does not end in .seg.nrrd.", remedy="3D Slicer tells segmentations by it.")
    placed = _place_all(lesions, image)
    layers, layer_of = _layers(lesions, placed, image)
    keys: dict[str, str] = {PHANTOM_KEY: phantom} if phantom else {}
    for number, (lesion, place) in enumerate(zip(lesions, placed, strict=True)):
        colour = (colours or {}).get(lesion.label)
        keys |= _segment_keys(number, lesion, place, layer_of[number], colour)
    keys |= {
        "Segmentation_ContainedRepresentationNames": "Binary labelmap|",
        "Segmentation_MasterRepresentation": "Binary labelmap",
        "Segmentation_ReferenceImageExtentOffset": "0 0 0",
    }
    array = layers[0] if len(layers) == 1 else np.stack(layers, axis=-1)
    content = _nrrd_header(image, array, keys) + gzip.compress(array.tobytes(), _GZIP_LEVEL, mtime=0)
    try:
        write_bytes(path, content)
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.", remedy="Choose another output.") from error


def write_labelmap(lesions: Sequence[LesionMask], image: Geometry, path: Path) -> None:
    """Write lesions as one uint16 label map on the image's lattice, whole or not at all.

    Args:
        lesions: May be none. A lesion's `label` is its value.
        image: The lattice to write on; what lies outside is cut.
        path: As `write_volume` takes it.

    Raises:
        UsageError: Lesions overlap, labels repeat or do not fit, a lesion lies wholly outside the image, or the file
            cannot be written.
    """
    labels = np.zeros(image.shape, np.uint16)
    for lesion, place in zip(lesions, _place_all(lesions, image), strict=True):
        window = labels[place.slices]
        taken = window[place.mask]
        if taken.any():
            other = next(o for o in lesions if o.label == taken[taken > 0][0])
            raise UsageError(
                f"Lesions '{other.name}' and '{lesion.name}' overlap; a label map holds one label a voxel.",
                remedy="Write a .seg.nrrd instead.",
            )
        window[place.mask] = lesion.label
    write_volume(Volume(labels, image), path)


def _place_all(lesions: Sequence[LesionMask], image: Geometry) -> list[PlacedMask]:
    labels = [lesion.label for lesion in lesions]
    if len(set(labels)) != len(labels) or any(not 1 <= label <= MAX_LESIONS for label in labels):
        raise UsageError(
            f"Lesion labels must be distinct and from 1 to {MAX_LESIONS}.", remedy="Number the lesions anew."
        )
    placed = [place_on(lesion, image) for lesion in lesions]
    for lesion, place in zip(lesions, placed, strict=True):
        if not place.mask.any():
            raise UsageError(
                f"Lesion '{lesion.name}' covers no voxel of the image.", remedy="Write it on the image it belongs to."
            )
    return placed


def _layers(
    lesions: Sequence[LesionMask], placed: Sequence[PlacedMask], image: Geometry
) -> tuple[list[NDArray], list[int]]:
    """Paint each lesion into the first layer where it overlaps none."""
    dtype = np.uint8 if max((lesion.label for lesion in lesions), default=0) <= 255 else np.uint16
    layers: list[NDArray] = [np.zeros(image.shape, dtype)]
    layer_of = []
    for lesion, place in zip(lesions, placed, strict=True):
        free = next((n for n, layer in enumerate(layers) if not layer[place.slices][place.mask].any()), len(layers))
        if free == len(layers):
            layers.append(np.zeros(image.shape, dtype))
        layers[free][place.slices][place.mask] = lesion.label
        layer_of.append(free)
    return layers, layer_of


def _segment_keys(
    number: int, lesion: LesionMask, place: PlacedMask, layer: int, colour: tuple[int, int, int] | None
) -> dict[str, str]:
    extent = " ".join(f"{s} {s + n - 1}" for s, n in zip(place.start, place.mask.shape[::-1], strict=True))
    rgb = [value / 255 for value in colour] if colour else _distinct_colour(number)
    keys = {
        "Color": " ".join(f"{value:.6g}" for value in rgb),
        "ColorAutoGenerated": "0" if colour else "1",
        "Extent": extent,
        "ID": f"Segment_{number + 1}",
        "LabelValue": str(lesion.label),
        "Layer": str(layer),
        "Name": tidy_name(lesion.name, lesion.label),
        "NameAutoGenerated": "0",
        "Tags": "Segmentation.Status:completed|",
    }
    return {f"Segment{number}_{key}": value for key, value in keys.items()}


def _distinct_colour(number: int) -> list[float]:
    """Step around the hue circle by the golden ratio, so that neighbours in number differ."""
    hue = (number * _GOLDEN_RATIO) % 1.0
    return [float(np.clip(abs((hue * 6 + shift) % 6 - 3) - 1, 0, 1)) * 0.7 + 0.25 for shift in (0, 4, 2)]


def _nrrd_header(image: Geometry, array: NDArray, keys: Mapping[str, str]) -> bytes:
    """The header 3D Slicer writes itself; SimpleITK would call the layers' axis a vector instead of a list."""
    listed = array.ndim == 4
    columns = [_vector(column) for column in image.affine[:3, :3].T]
    fields = [
        f"type: {array.dtype.name}",
        f"dimension: {array.ndim}",
        "space: left-posterior-superior",
        "sizes: " + " ".join(str(size) for size in (array.shape[3:] + image.size)),
        "space directions: " + " ".join(["none", *columns] if listed else columns),
        "kinds: " + " ".join(["list"] * listed + ["domain"] * 3),
        f"endian: {sys.byteorder}",
        "encoding: gzip",
        f"space origin: {_vector(image.origin)}",
    ]
    pairs = [f"{key}:={value.replace(chr(92), chr(92) * 2)}" for key, value in keys.items()]
    return ("\n".join(["NRRD0004", *fields, *pairs]) + "\n\n").encode()


def _vector(values: Sequence[float] | NDArray[np.float64]) -> str:
    return "(" + ",".join(repr(float(value)) for value in values) + ")"
