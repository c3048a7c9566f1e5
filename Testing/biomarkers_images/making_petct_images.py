"""Small PET and CT images whose every value is known."""

from dataclasses import replace

import numpy as np

from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.volume import Volume

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def lattice(size, spacing, centre=(0.0, 0.0, 0.0), direction=AXIAL) -> Geometry:
    """A lattice whose middle lies at `centre`."""
    matrix = np.reshape(direction, (3, 3)) * np.asarray(spacing)
    origin = np.asarray(centre) - matrix @ ((np.asarray(size) - 1) / 2)
    return Geometry(tuple(size), tuple(spacing), tuple(float(x) for x in origin), tuple(direction))


def positions(geometry: Geometry):
    """(k, j, i, 3) patient positions of the voxel centres."""
    k, j, i = np.indices(geometry.shape)
    return geometry.to_patient(np.stack([i, j, k], -1))


def image(geometry: Geometry, values, modality: str) -> Volume:
    array = np.broadcast_to(np.asarray(values, np.float32), geometry.shape)
    return Volume(np.ascontiguousarray(array), geometry, modality)


def ball(geometry: Geometry, centre, radius_mm, label=1) -> LesionMask:
    inside = ((positions(geometry) - np.asarray(centre)) ** 2).sum(-1) <= radius_mm**2
    lesion = cropped_lesion(label, f"ball {label}", inside, geometry)
    assert lesion is not None
    return lesion


def brick(geometry: Geometry, low, high, label=1) -> LesionMask:
    """The voxels whose centres lie between two patient positions."""
    at = positions(geometry)
    lesion = cropped_lesion(label, f"brick {label}", np.all((at >= low) & (at <= high), -1), geometry)
    assert lesion is not None
    return lesion


def patient(ct=None, pet=None, *tumours, ct_tumours=None, **more) -> PatientImages:
    given = [one for one, volume in ((Modality.CT, ct), (Modality.PET, pet)) if volume is not None]
    drawn = dict.fromkeys(given, tuple(tumours))
    if ct_tumours is not None:
        drawn[Modality.CT] = tuple(ct_tumours)
    return replace(PatientImages(ct, pet, None, drawn), **more)
