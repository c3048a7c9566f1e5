"""A patient's features: what two networks trained on contours make of PET and CT, and what is measured beside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.feature_checks import check_features
from prognosis.biomarkers.feature_table import FeatureTable
from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientFiles, PatientImages, read_patient_images
from prognosis.biomarkers.images.radiomics import radiomic_features
from prognosis.biomarkers.images.region import REGION_SIZE, RegionOptions
from prognosis.biomarkers.images.uptake import measure_uptake
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.segmenter import Segmenter
from prognosis.errors import InputError, ModelError

Extract = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(48, 96, 96) normalised region -> (55296,) features."""


@dataclass(frozen=True)
class ExtractedPatient:
    """Features of one patient annotation.

    Args:
        features: Modality -> (55296,) float32.
        conventional: Names with units -> values; NaN where one could not be had.
        flags: What the reader should know, in words.
        phantom: Whether the patient is simulated.
    """

    features: Mapping[Modality, NDArray[np.float32]]
    conventional: Mapping[str, float]
    flags: tuple[str, ...] = ()
    phantom: bool = False


def extract_patient(
    files: PatientFiles,
    segmenters: Mapping[Modality, Segmenter],
    extractors: Mapping[Modality, Extract],
    region: RegionOptions,
    *,
    radiomics: bool = True,
) -> ExtractedPatient:
    """Read a patient's images and extract features from them.

    Args:
        files: Images and contours; an image for every network.
        segmenters: The networks.
        extractors: Their encoders, ready to run.
        region: How the region is cut; see `common_region`.
        radiomics: Whether conventional radiomic features are measured too, beside uptake.

    Raises:
        InputError: The files cannot be used, or a network makes nothing of the region.
    """
    return extract_from(read_patient_images(files), segmenters, extractors, region, radiomics=radiomics)


def extract_from(
    images: PatientImages,
    segmenters: Mapping[Modality, Segmenter],
    extractors: Mapping[Modality, Extract],
    region: RegionOptions,
    *,
    radiomics: bool = True,
) -> ExtractedPatient:
    """Extract features from images that are read; see `extract_patient`."""
    missing = [modality.shown for modality in segmenters if modality not in images.volumes]
    if missing:
        raise InputError(f"There is no {' and no '.join(missing)}, which a network reads.", remedy="Give the image.")
    cut = cut_region(images, region)
    features = {}
    for modality, segmenter in segmenters.items():
        features[modality] = extractors[modality](segmenter.normalisation(cut.images[modality]))
        check_features(features[modality], modality, "The patient")
    uptake = measure_uptake(images)
    conventional = uptake.as_named()
    if radiomics:
        conventional |= radiomic_features(images)
    return ExtractedPatient(features, conventional, (*images.notes, *cut.flags, *uptake.notes), images.phantom)


def common_region(segmenters: Mapping[Modality, Segmenter], *, scaled: bool = False) -> RegionOptions:
    """How regions are cut for both networks.

    Args:
        scaled: Whether regions grow with the tumour although the networks were trained on others.

    Raises:
        ModelError: The networks were trained on regions that were cut differently.
    """
    first, *others = segmenters.values()
    for other in others:
        if other.region != first.region:
            raise ModelError(
                f"{first.used.name} reads regions of {_words(first.region)}, {other.used.name} of "
                f"{_words(other.region)}.",
                remedy="Choose networks that were trained on the same regions.",
            )
    return RegionOptions(first.region.spacing_mm, scaled or first.region.scaled)


def extraction_settings(
    segmenters: Mapping[Modality, Segmenter], region: RegionOptions, *, radiomics: bool
) -> dict[str, object]:
    """How features were extracted, as `FeatureTable.settings` says it."""
    return {
        "region": {**asdict(region), "size": list(REGION_SIZE)},
        "normalisation": {modality.value: asdict(one.normalisation) for modality, one in segmenters.items()},
        "radiomics": radiomics,
    }


def feature_table(
    ids: Sequence[tuple[str, str]],
    patients: Iterable[ExtractedPatient],
    segmenters: Mapping[Modality, Segmenter],
    settings: Mapping[str, object],
) -> FeatureTable:
    """Put patients into a table.

    Args:
        ids: Patient and annotation, at least one.
        patients: In the order of `ids`.
        segmenters: The networks that were used.
        settings: See `extraction_settings`.

    Returns:
        The table; a measure that some patients lack is NaN for them.
    """
    listed = list(patients)
    names = list(dict.fromkeys(name for patient in listed for name in patient.conventional))
    return FeatureTable(
        patient_ids=tuple(patient_id for patient_id, _ in ids),
        annotation_ids=tuple(annotation_id for _, annotation_id in ids),
        features={one: np.stack([patient.features[one] for patient in listed]) for one in segmenters},
        conventional=np.array([[patient.conventional.get(name, np.nan) for name in names] for patient in listed]),
        conventional_names=tuple(names),
        networks={modality: one.used for modality, one in segmenters.items()},
        settings=settings,
        flags=tuple("; ".join(patient.flags) for patient in listed),
        phantom=any(patient.phantom for patient in listed),
    )


def _words(region: RegionOptions) -> str:
    return f"{region.spacing_mm:g} mm{' or more, scaled to the tumour' if region.scaled else ''}"
