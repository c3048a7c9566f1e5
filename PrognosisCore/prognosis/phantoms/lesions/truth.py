"""A phantom patient's true numbers, drawn without a voxel."""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from prognosis.phantoms.lesions.hazard import (
    ORGAN_PROBABILITY,
    LesionOrgan,
    count_probabilities,
    draw_looks,
    draw_volumes_mm3,
    lesion_log_hazard,
    lesion_risk,
)
from prognosis.phantoms.lesions.options import LesionPhantomOptions, World

TREATMENT_GROUPS = ("treatment-1", "treatment-2")
SITES = ("site-1", "site-2", "site-3")
_MOST_ANNOTATORS = 4
_EARLY_CENSORING, _LATE_CENSORING = 0.4, 2.5
_NULL_CENSORING = 0.73  # equal hazards leave no late survivors to censor; this keeps the censored part the same


class Stream(IntEnum):
    """Independent sources of randomness of one patient, so that drawing more of one leaves the others alone."""

    TRUTH = 0
    ANATOMY = 1
    LESIONS = 2
    ANNOTATORS = 3
    SCANNER = 4


@dataclass(frozen=True)
class LesionTruth:
    """What is true of one lesion.

    Args:
        label: Integer id from 1, the label of its mask.
        organ: Where it grows.
        volume_mm3: Volume it was asked to have; its mask differs by at most a few voxels.
        texture: From 0 (homogeneous) to 1 (necrotic core, heterogeneous rim).
        margin: Containment lost, from 0 (smooth capsule) to 1 (spiculated and infiltrating).
        risk: q, mean 0 and SD 1 over lesions, independent of the volume.
    """

    label: int
    organ: LesionOrgan
    volume_mm3: float
    texture: float
    margin: float
    risk: float


@dataclass(frozen=True)
class Scanner:
    """How the image was taken: none of it carries risk.

    Args:
        noise_hu: SD of the noise.
        blur_voxels: SD of the reconstruction kernel in the plane.
        enhancement: Strength of the contrast medium, 0 (none) to about 1.2.
    """

    noise_hu: float
    blur_voxels: float
    enhancement: float


@dataclass(frozen=True)
class PatientTruth:
    """What is true of one patient.

    Args:
        index: Number of the patient, from 0.
        lesions: In label order.
        lesion_log_hazard: h, what an ideal reader of the image could know.
        log_hazard: h plus the effect of treatment.
        time_days: Whole days until the event or censoring, at least 1.
        event: Whether the event was seen.
        group: Treatment.
        site: Where the image was taken; decides on noise and kernel only.
        annotators: How many readers outlined the lesions, 1 to 4.
        scanner: How the image was taken.
    """

    index: int
    lesions: tuple[LesionTruth, ...]
    lesion_log_hazard: float
    log_hazard: float
    time_days: float
    event: bool
    group: str
    site: str
    annotators: int
    scanner: Scanner


def generator(options: LesionPhantomOptions, patient_index: int, stream: Stream) -> np.random.Generator:
    """Return the source of randomness of one patient for one purpose."""
    return np.random.default_rng(np.random.SeedSequence(options.seed, spawn_key=(patient_index, int(stream))))


def draw_truth(options: LesionPhantomOptions, patient_index: int) -> PatientTruth:
    """Draw a patient's lesions, hazard and outcome: microseconds of work, for statistics on thousands.

    Args:
        options: The cohort.
        patient_index: From 0; the same patient comes out whatever the number of patients.
    """
    rng = generator(options, patient_index, Stream.TRUTH)
    lesions = _draw_lesions(options, rng)
    hazard = lesion_log_hazard(
        [lesion.risk for lesion in lesions],
        [lesion.volume_mm3 for lesion in lesions],
        options.world,
        options.median_lesions,
    )
    group = int(rng.integers(len(TREATMENT_GROUPS)))
    total = hazard if options.world is World.NULL else hazard + group * options.treatment_log_hazard
    time, event = _draw_outcome(options, total, group, rng)
    site = int(rng.integers(len(SITES)))
    return PatientTruth(
        index=patient_index,
        lesions=lesions,
        lesion_log_hazard=hazard,
        log_hazard=total,
        time_days=time,
        event=event,
        group=TREATMENT_GROUPS[group],
        site=SITES[site],
        annotators=int(rng.integers(1, _MOST_ANNOTATORS + 1)),
        scanner=Scanner(
            noise_hu=float(rng.uniform(8.0, 16.0) + 4.0 * site),
            blur_voxels=float(rng.uniform(0.4, 0.7) + 0.1 * site),
            enhancement=float(rng.uniform(0.4, 1.2)),
        ),
    )


def _draw_lesions(options: LesionPhantomOptions, rng: np.random.Generator) -> tuple[LesionTruth, ...]:
    probabilities = count_probabilities(options.median_lesions)
    count = 1 + int(rng.choice(len(probabilities), p=probabilities))
    volumes = draw_volumes_mm3(count, rng)
    organs = list(ORGAN_PROBABILITY)
    chosen = rng.choice(len(organs), size=count, p=list(ORGAN_PROBABILITY.values()))
    textures, margins = draw_looks(count, rng)
    return tuple(
        LesionTruth(
            label=number + 1,
            organ=organs[chosen[number]],
            volume_mm3=float(volumes[number]),
            texture=float(textures[number]),
            margin=float(margins[number]),
            risk=lesion_risk(organs[chosen[number]], float(textures[number]), float(margins[number])),
        )
        for number in range(count)
    )


def _draw_outcome(
    options: LesionPhantomOptions, log_hazard: float, group: int, rng: np.random.Generator
) -> tuple[float, bool]:
    survival, censoring = rng.exponential(size=2)
    survival = options.weibull_scale_days * (survival * np.exp(-log_hazard)) ** (1.0 / options.weibull_shape)
    censoring *= options.mean_censoring_days
    if options.world is World.NULL:
        censoring *= _NULL_CENSORING
    if options.treatment_dependent_censoring:
        censoring *= _LATE_CENSORING if group else _EARLY_CENSORING
    return float(max(1.0, np.ceil(min(survival, censoring)))), bool(survival <= censoring)
