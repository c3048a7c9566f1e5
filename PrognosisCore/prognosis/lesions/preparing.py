"""What an image must be before lesions on it are scored or trained on."""

import numpy as np
import SimpleITK as sitk

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume

_MOST_OBLIQUE_DEGREES = 10.0
_AIR_HU = -1024.0
_LEAST_AIR_HU = -150.0


def prepare_ct(image: Volume) -> Volume:
    """Bring a CT to nearest-LPS orientation, resampled onto the patient's axes when oblique by more than 10 degrees.

    Raises:
        InputError: The image says that it is of another modality.
    """
    if image.modality not in (None, "CT"):
        raise InputError(f"The image is of modality {image.modality}, not CT.", remedy="Choose the patient's CT.")
    prepared = image.to_lps()
    angle = prepared.geometry.obliquity_degrees
    if angle > _MOST_OBLIQUE_DEGREES:
        prepared = _resampled_to_axes(prepared).with_notes(
            f"the image is oblique by {angle:.0f} degrees and was resampled onto the patient's axes for scoring"
        )
    darkest = float(prepared.array[:: max(1, len(prepared.array) // 8)].min())
    if darkest > _LEAST_AIR_HU:
        prepared = prepared.with_notes(
            f"the darkest voxel found is {darkest:.0f}: values do not look like Hounsfield units, risks may be wrong"
        )
    return prepared


def _resampled_to_axes(image: Volume) -> Volume:
    old = image.geometry
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.asarray(old.size) - 1)
    reach = old.to_patient(corners)
    low, high = reach.min(axis=0), reach.max(axis=0)
    i, j, k = (int(n) for n in np.floor((high - low) / old.spacing) + 1)
    new = Geometry((i, j, k), old.spacing, (float(low[0]), float(low[1]), float(low[2])))
    source = sitk.GetImageFromArray(np.ascontiguousarray(image.array))
    source.SetSpacing(old.spacing)
    source.SetOrigin(old.origin)
    source.SetDirection(old.direction)
    resampled = sitk.Resample(
        source, new.size, sitk.Transform(), sitk.sitkLinear, new.origin, new.spacing, new.direction, _AIR_HU
    )
    return Volume(
        sitk.GetArrayFromImage(resampled),
        new,
        modality=image.modality,
        frame_of_reference_uid=image.frame_of_reference_uid,
        series_uid=image.series_uid,
        phantom=image.phantom,
        notes=image.notes,
    )
