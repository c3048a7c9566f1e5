"""Uptake of the whole tumour: MTV, TLG and SUV, measured on the PET's own voxels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.suv_peak import sphere_reach, suv_peak
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.placing import place_on
from prognosis.imaging.volume import Volume

_TOUCHING = np.ones((3, 3, 3), bool)
_FRACTION_OF_MAX = 0.41
_LARGEST_CHANGE_OF_VOLUME = 0.1
_LARGEST_PREFIX = "largest_"


class MetabolicDefinition(StrEnum):
    """Which voxels of the contour count as metabolic tumour volume."""

    CONTOUR = "contour"
    MAX_41 = "41pct_max"
    SUV_2_5 = "suv2.5"
    SUV_4_0 = "suv4.0"

    def counts(self, suv: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which values of one tumour count; 41 % is of that tumour's own highest."""
        if self is MetabolicDefinition.MAX_41:
            return suv >= _FRACTION_OF_MAX * suv.max()
        least = {MetabolicDefinition.SUV_2_5: 2.5, MetabolicDefinition.SUV_4_0: 4.0}.get(self, -np.inf)
        return suv >= least


@dataclass(frozen=True)
class MetabolicVolume:
    """A metabolic tumour volume.

    Args:
        mtv_ml: Its voxels' volume.
        tlg_ml: Total lesion glycolysis, MTV x SUVmean of these voxels, in ml (SUV has no unit).
    """

    mtv_ml: float
    tlg_ml: float


@dataclass(frozen=True)
class TumourUptake:
    """Uptake of one or several tumours; NaN where there is no PET.

    Args:
        volumes: By definition.
        suv_max: The highest voxel.
        suv_mean: Mean over the contour.
        suv_peak: The highest mean in a sphere of 1 cm3 centred in the tumour; see `suv_peak`.
    """

    volumes: Mapping[MetabolicDefinition, MetabolicVolume]
    suv_max: float
    suv_mean: float
    suv_peak: float

    def as_named(self) -> dict[str, float]:
        """Names with units -> values."""
        return {
            **{f"mtv_{definition.value}_ml": volume.mtv_ml for definition, volume in self.volumes.items()},
            **{f"tlg_{definition.value}_ml": volume.tlg_ml for definition, volume in self.volumes.items()},
            "suv_max": self.suv_max,
            "suv_mean": self.suv_mean,
            "suv_peak": self.suv_peak,
        }


@dataclass(frozen=True)
class Uptake:
    """Uptake of a patient.

    Args:
        whole: All tumours together: volumes and glycolysis summed, the highest maximum and peak.
        largest: The separate part of the contour with the largest volume.
        parts: How many separate parts the contour has on the PET's voxels.
        notes: What the reader should know, in words.
    """

    whole: TumourUptake
    largest: TumourUptake
    parts: int
    notes: tuple[str, ...] = ()

    def as_named(self) -> dict[str, float]:
        """Names with units -> values, those of the largest tumour behind 'largest_'; the same names for everybody."""
        return {
            **self.whole.as_named(),
            **{f"{_LARGEST_PREFIX}{name}": value for name, value in self.largest.as_named().items()},
        }


_UNKNOWN = TumourUptake(dict.fromkeys(MetabolicDefinition, MetabolicVolume(np.nan, np.nan)), np.nan, np.nan, np.nan)


def measure_uptake(images: PatientImages) -> Uptake:
    """Measure uptake within the PET's contour, on all tumours and on the largest.

    Thresholds are applied within the contour only. The contour's separate parts (26-connected) count as tumours of
    their own: 41 % is of each one's own maximum.

    Returns:
        The measures; NaN throughout where there is no PET.
    """
    if images.pet is None:
        return Uptake(_UNKNOWN, _UNKNOWN, 0, ("there is no PET: uptake is not known",))
    start, mask, notes = _on_the_pet(images.pet, images.tumours[Modality.PET])
    numbered, count = ndimage.label(mask, _TOUCHING)
    parts = [
        _measure(images.pet, start, box, numbered[box] == number)
        for number, box in enumerate(ndimage.find_objects(numbered), start=1)
    ]
    largest = max(parts, key=lambda part: part.volumes[MetabolicDefinition.CONTOUR].mtv_ml)
    return Uptake(_summed(parts), largest, int(count), tuple(notes))


def _on_the_pet(
    pet: Volume, tumours: Sequence[LesionMask]
) -> tuple[tuple[int, int, int], NDArray[np.bool_], list[str]]:
    """The voxels of all tumours in the smallest box [k, j, i] that holds them, the box's first index, and notes."""
    placed = [place_on(tumour, pet.geometry) for tumour in tumours]
    notes = []
    if any(one.lost_fraction > 0 and one.mask.any() for one in placed):
        notes.append("part of the tumour lies outside the PET and is not measured")
    if any(abs(one.volume_ratio - 1.0) > _LARGEST_CHANGE_OF_VOLUME and one.mask.any() for one in placed):
        notes.append("on the PET's voxel grid a tumour's volume differs by more than a tenth from its contour's")
    boxes = [
        (np.array(one.start[::-1]), one.mask)
        if one.mask.any()
        else (_nearest_voxel(pet, tumour), np.ones((1, 1, 1), bool))
        for one, tumour in zip(placed, tumours, strict=True)
    ]
    small = sum(not one.mask.any() for one in placed)
    if small:
        which = (
            "the tumour is" if len(placed) == 1 else f"of {len(placed)} tumours {small} {'is' if small == 1 else 'are'}"
        )
        notes.append(f"{which} too small to hold a voxel centre of the PET: the nearest voxel is measured")
    low = np.min([first for first, _ in boxes], axis=0)
    high = np.max([first + inside.shape for first, inside in boxes], axis=0)
    union = np.zeros(high - low, bool)
    for first, inside in boxes:
        union[tuple(slice(a, a + n) for a, n in zip(first - low, inside.shape, strict=True))] |= inside
    k, j, i = (int(n) for n in low)
    return (k, j, i), union, notes


def _nearest_voxel(pet: Volume, tumour: LesionMask) -> NDArray[np.int64]:
    index = np.rint(pet.geometry.to_index(tumour.centroid)).astype(int)
    return np.clip(index, 0, np.asarray(pet.geometry.size) - 1)[::-1]


def _measure(
    pet: Volume, start: tuple[int, int, int], box: tuple[slice, slice, slice], mask: NDArray[np.bool_]
) -> TumourUptake:
    """Measure one part, whose box [k, j, i] lies at `start` of the PET."""
    first = np.array([origin + cut.start for origin, cut in zip(start, box, strict=True)])
    reach = sphere_reach(pet.geometry)[::-1]
    low = np.maximum(first - reach, 0)
    high = np.minimum(first + mask.shape + reach, pet.array.shape)
    around = np.asarray(pet.array[tuple(slice(a, b) for a, b in zip(low, high, strict=True))], np.float32)
    wide = np.zeros(around.shape, bool)
    wide[tuple(slice(a, a + n) for a, n in zip(first - low, mask.shape, strict=True))] = mask
    suv = around[wide]
    voxel_ml = pet.geometry.voxel_volume_mm3 / 1000.0
    volumes = {}
    for definition in MetabolicDefinition:
        counted = suv[definition.counts(suv)]
        volumes[definition] = MetabolicVolume(counted.size * voxel_ml, float(counted.sum(dtype=float)) * voxel_ml)
    return TumourUptake(volumes, float(suv.max()), float(suv.mean(dtype=float)), suv_peak(around, pet.geometry, wide))


def _summed(parts: Sequence[TumourUptake]) -> TumourUptake:
    volumes = {
        definition: MetabolicVolume(
            sum(part.volumes[definition].mtv_ml for part in parts),
            sum(part.volumes[definition].tlg_ml for part in parts),
        )
        for definition in MetabolicDefinition
    }
    contour = volumes[MetabolicDefinition.CONTOUR]
    return TumourUptake(
        volumes,
        suv_max=max(part.suv_max for part in parts),
        suv_mean=contour.tlg_ml / contour.mtv_ml,
        suv_peak=max(part.suv_peak for part in parts),
    )
