"""Cutting the region around a tumour out of PET and CT."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.region import Region, RegionOptions
from prognosis.biomarkers.images.region_place import RegionPlace, place_region
from prognosis.biomarkers.images.sampling import Sampled, sample_linearly
from prognosis.biomarkers.images.tumour_parts import extent_of, fraction_outside, separate_parts
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.placing import place_on

BEYOND = {Modality.CT: -1000.0, Modality.PET: 0.0}
"""What lies beyond a scan: air, no uptake."""
_WORTH_SAYING = 1e-3
_AIR_HU = -750.0
"""Below lies healthy lung or air; even tumours of ground glass are denser."""


def cut_region(images: PatientImages, options: RegionOptions) -> Region:
    """Bring PET, CT and contours onto one lattice of 96 x 96 x 48 voxels around the tumour.

    The region is centred on the largest separate part of the PET's contour, of the CT's where there is no PET. Images
    are interpolated linearly; contours as `imaging.placing` does. All tumours that reach into the region are in its
    masks.

    Args:
        images: Of one patient.
        options: Voxel size, and whether it may grow with the tumour.
    """
    reference = Modality.PET if images.pet is not None else Modality.CT
    parts = separate_parts(images.tumours[reference])
    volumes = images.volumes
    place = place_region(parts[0], [volume.geometry for volume in volumes.values()], options)
    sampled = {
        modality: sample_linearly(volume, place.geometry, beyond=BEYOND[modality])
        for modality, volume in volumes.items()
    }
    masks = _masks(images, place.geometry)
    outside = fraction_outside(parts[0], place.geometry)
    flags = [
        *_tumour_flags(parts, outside),
        *_place_flags(place, options),
        *(flag for modality in volumes for flag in _image_flags(modality, sampled[modality], place)),
        *(_edge_flag(modality) for modality, volume in volumes.items() if _touches(parts[0], volume.geometry)),
        *_mask_flags(masks),
        *_air_flags(masks, sampled),
    ]
    return Region(
        geometry=place.geometry,
        images={modality: one.array for modality, one in sampled.items()},
        tumours=masks,
        outside_fraction=outside,
        flags=tuple(flags),
    )


def _masks(images: PatientImages, region: Geometry) -> dict[Modality, NDArray[np.bool_]]:
    drawn: dict[int, NDArray[np.bool_]] = {}
    masks = {}
    for modality in images.volumes:
        tumours = images.tumours[modality]
        if id(tumours) not in drawn:
            drawn[id(tumours)] = _mask(tumours, region)
        masks[modality] = drawn[id(tumours)]
    return masks


def _mask(tumours: Sequence[LesionMask], region: Geometry) -> NDArray[np.bool_]:
    mask = np.zeros(region.shape, bool)
    for tumour in tumours:
        near = _near(tumour, region)
        if near is not None:
            placed = place_on(near, region)
            mask[placed.slices] |= placed.mask
    return mask


def _near(tumour: LesionMask, region: Geometry) -> LesionMask | None:
    """What of a tumour lies in the region or a voxel beyond; None when nothing does."""
    ends = [(-1, size) for size in region.size]
    corners = np.array([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
    reach = tumour.geometry.to_index(region.to_patient(corners))
    low = np.clip(np.floor(reach.min(axis=0)).astype(int) - 1, 0, tumour.geometry.size)
    high = np.clip(np.ceil(reach.max(axis=0)).astype(int) + 2, low, tumour.geometry.size)
    if np.any(high == low):
        return None
    box = tuple(slice(a, b) for a, b in zip(low[::-1], high[::-1], strict=True))
    i, j, k = (int(n) for n in low)
    size = high - low
    geometry = tumour.geometry.crop((i, j, k), (int(size[0]), int(size[1]), int(size[2])))
    return cropped_lesion(tumour.label, tumour.name, tumour.mask[box], geometry)


def _tumour_flags(parts: Sequence[LesionMask], outside: float) -> list[str]:
    flags = []
    if len(parts) > 1:
        share = parts[0].volume_mm3 / sum(part.volume_mm3 for part in parts)
        flags.append(
            f"{len(parts)} separate tumours or islands of one: the region shows the largest "
            f"({min(share, 0.99):.0%} of their volume); uptake is measured on all"
        )
    if outside > _WORTH_SAYING:
        flags.append(f"{max(outside, 0.01):.0%} of the tumour lies outside the region")
    return flags


def _place_flags(place: RegionPlace, options: RegionOptions) -> list[str]:
    spacing = place.geometry.spacing[0]
    flags = []
    if place.enlarged:
        flags.append(
            f"the region's voxels were enlarged from {options.spacing_mm:g} to {spacing:.2f} mm so that the tumour fits"
        )
    if place.moved_mm > spacing:
        flags.append(
            f"the region was moved by {place.moved_mm:.0f} mm to stay inside the scan: the tumour is not at its centre"
        )
    return flags


def _image_flags(modality: Modality, sampled: Sampled, place: RegionPlace) -> list[str]:
    flags = []
    if sampled.fraction_beyond > _WORTH_SAYING:
        filling = "air" if modality is Modality.CT else "SUV 0"
        fraction = max(sampled.fraction_beyond, 0.01)
        flags.append(f"{fraction:.0%} of the region lies beyond the {modality.shown} and is filled with {filling}")
    if sampled.smoothed:
        flags.append(
            f"the {modality.shown} is finer than the region's {place.geometry.spacing[0]:.3g} mm and was smoothed to it"
        )
    return flags


def _edge_flag(modality: Modality) -> str:
    return f"the tumour touches the edge of the {modality.shown}: part of it may not be shown"


def _touches(tumour: LesionMask, scan: Geometry) -> bool:
    """Whether a tumour reaches into the outermost voxels of a scan, or beyond."""
    low, high = extent_of(tumour)
    corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
    indices = scan.to_index(corners)
    return bool(np.any(indices.min(axis=0) < 0) or np.any(indices.max(axis=0) > np.asarray(scan.size) - 1))


def _mask_flags(masks: dict[Modality, NDArray[np.bool_]]) -> list[str]:
    flags = [
        f"the {modality.shown}'s contour holds no voxel centre of the region"
        for modality, mask in masks.items()
        if not mask.any()
    ]
    if len(masks) > 1 and not flags and not np.logical_and(*masks.values()).any():
        flags.append("the contours of CT and PET do not overlap")
    return flags


def _air_flags(masks: dict[Modality, NDArray[np.bool_]], sampled: dict[Modality, Sampled]) -> list[str]:
    """Say when most of what is drawn on the CT is no tissue."""
    drawn = sampled[Modality.CT].array[masks[Modality.CT]] if Modality.CT in sampled else np.empty(0)
    if not drawn.size or (median := float(np.median(drawn))) >= _AIR_HU:
        return []
    return [f"the contour lies in air or healthy lung of the CT (median {median:.0f} HU): it may be another patient's"]
