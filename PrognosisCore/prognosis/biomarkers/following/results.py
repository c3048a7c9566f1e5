"""What a comparison with a follow-up yields. Files and the report are drawn from it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.biomarkers.following.baseline import Baseline
from prognosis.biomarkers.following.hotness import Hotness
from prognosis.biomarkers.following.laying import LaidRecurrence
from prognosis.biomarkers.following.options import FollowUpOptions
from prognosis.biomarkers.following.overlap import Overlap
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.registering import Registration
from prognosis.imaging.volume import Volume


@dataclass(frozen=True)
class FollowedUp:
    """A baseline beside its follow-up.

    Args:
        baseline: As it was scored.
        options: How they were compared.
        registration: How the baseline's region lies in the follow-up.
        doubtful: Whether the match is too poor to trust without a look.
        hotness: Of the baseline's region.
        recurrence: On the region's lattice; None where none was given.
        overlap: None without a recurrence, or where none of it lies in the region outside the tumour.
        heat_on_scan: Modality -> heat as scored, on the lattice of the follow-up as it was given.
        tumour_on_scan: Of the baseline, on the same lattice.
        scan_on_region: (48, 96, 96) the follow-up's Hounsfield units on the region's lattice.
        warnings: What the reader should know, in words.
    """

    baseline: Baseline
    options: FollowUpOptions
    registration: Registration
    doubtful: bool
    hotness: Hotness
    recurrence: LaidRecurrence | None
    overlap: Overlap | None
    heat_on_scan: Mapping[Modality, Volume]
    tumour_on_scan: Volume
    scan_on_region: NDArray[np.float32]
    warnings: tuple[str, ...] = ()
