"""Conventional radiomic features of a tumour, by the definitions of the Image Biomarker Standardisation Initiative.

Each agrees with IBSI's published values for its digital phantom and, for CT, its reference patient (configuration C).
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from prognosis.biomarkers.images.intensity_statistics import HISTOGRAM, STATISTICS
from prognosis.biomarkers.images.patient_images import PatientImages
from prognosis.biomarkers.images.roi import DEFAULT_ROI, Roi, RoiOptions, prepare_roi
from prognosis.biomarkers.images.shape import SHAPE
from prognosis.biomarkers.images.textures import COOCCURRENCE, GROUPS, cooccurrences, runs, zones
from prognosis.biomarkers.images.tumour_parts import separate_parts
from prognosis.biomarkers.modality import Modality
from prognosis.errors import UsageError

DEFAULT_17 = (
    "pet_shape_sphericity",
    "pet_shape_maximum_diameter_mm",
    "pet_shape_elongation",
    "pet_stat_skewness",
    "pet_stat_kurtosis",
    "pet_hist_entropy",
    "pet_glcm_contrast",
    "pet_glcm_correlation",
    "pet_glcm_joint_entropy",
    "pet_glrlm_percentage",
    "pet_glszm_small_emphasis",
    "pet_glszm_size_non_uniformity",
    "ct_stat_mean",
    "ct_stat_skewness",
    "ct_hist_entropy",
    "ct_glcm_contrast",
    "ct_glcm_correlation",
)
"""Seventeen measures of shape, uptake, density and texture; volume and SUV themselves are `uptake`'s."""

# What a family's features are computed from, and the features.
_FAMILIES: Mapping[str, tuple[Callable[[Roi], object], Mapping[str, Callable]]] = {
    "shape": (lambda roi: roi, SHAPE),
    "stat": (lambda roi: roi.counted, STATISTICS),
    "hist": (lambda roi: roi.counted_levels, HISTOGRAM),
    "glcm": (lambda roi: cooccurrences(roi.levels), COOCCURRENCE),
    "glrlm": (lambda roi: runs(roi.levels), GROUPS),
    "glszm": (lambda roi: zones(roi.levels), GROUPS),
}

FEATURE_NAMES = tuple(
    f"{modality.value}_{family}_{feature}"
    for modality in Modality
    for family, (_, features) in _FAMILIES.items()
    for feature in features
)
"""All that can be asked for: modality, family, feature; `stat` in HU or SUV."""


def radiomic_features(
    images: PatientImages,
    names: Sequence[str] = DEFAULT_17,
    options: Mapping[Modality, RoiOptions] = DEFAULT_ROI,
) -> dict[str, float]:
    """Measure the largest separate part of each image's contour, whole and not only what a region shows.

    Args:
        images: Of one patient.
        names: Of `FEATURE_NAMES`.
        options: How each image is prepared.

    Returns:
        Values by name, in the order asked for; NaN where the image is missing or the feature is not defined, as for
        texture of a tumour with a single voxel.

    Raises:
        UsageError: A name is unknown.
    """
    unknown = [name for name in names if name not in FEATURE_NAMES]
    if unknown:
        raise UsageError(
            f"There is no radiomic feature '{unknown[0]}'.", remedy=f"Choose among {', '.join(FEATURE_NAMES)}."
        )
    values: dict[str, float] = {}
    for modality, volume in images.volumes.items():
        wanted = [name.removeprefix(f"{modality.value}_") for name in names if name.startswith(f"{modality.value}_")]
        if wanted:
            roi = prepare_roi(volume, separate_parts(images.tumours[modality])[0], options[modality])
            values |= {f"{modality.value}_{name}": value for name, value in measure_roi(roi, wanted).items()}
    return {name: values.get(name, np.nan) for name in names}


def measure_roi(roi: Roi, names: Sequence[str]) -> dict[str, float]:
    """Measure a prepared tumour.

    Args:
        roi: The tumour.
        names: Family and feature, such as 'glcm_contrast'.
    """
    values: dict[str, float] = {}
    for family, (source, features) in _FAMILIES.items():
        wanted = [name.removeprefix(f"{family}_") for name in names if name.startswith(f"{family}_")]
        if wanted:
            values |= {f"{family}_{name}": value for name, value in _of_family(roi, source, features, wanted).items()}
    return {name: values[name] for name in names}


def _of_family(
    roi: Roi, source: Callable[[Roi], object], features: Mapping[str, Callable], wanted: Sequence[str]
) -> dict[str, float]:
    counted = roi.mask if features is SHAPE else roi.levels
    if not counted.any():
        return dict.fromkeys(wanted, np.nan)
    measured = source(roi)
    if isinstance(measured, np.ndarray) and measured.size == 0:
        return dict.fromkeys(wanted, np.nan)
    return {name: features[name](measured) for name in wanted}
