"""A scored baseline and a later CT of the same patient, from images to numbers."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.biomarkers.following.baseline import Baseline
from prognosis.biomarkers.following.hotness import Hotness, judge_heat
from prognosis.biomarkers.following.laying import LaidRecurrence, lay_recurrence, lay_values, moved
from prognosis.biomarkers.following.options import FollowUpOptions
from prognosis.biomarkers.following.overlap import Overlap, judge_overlap
from prognosis.biomarkers.following.results import FollowedUp
from prognosis.biomarkers.images.cutting import BEYOND
from prognosis.biomarkers.images.sampling import sample_linearly
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError
from prognosis.imaging.lesion_mask import LesionSet
from prognosis.imaging.registering import Registration, register_region
from prognosis.imaging.volume import Volume
from prognosis.progress import Progress, silent

LEAST_MATCH, LEAST_DETAIL, MOST_DEGREES = 0.6, 0.3, 25.0
"""A worse match is refused: it is another patient or another part of the body. Of ten pairs of different patients
(phantoms, real chest CTs) six were refused, and the other four were doubtful."""
GOOD_DETAIL = 0.72
"""Below, a match is doubtful. Measured: the right phantom patient 0.90 to 0.98; a real chest CT bent by 3 mm (SD) 0.75,
by 6 mm 0.48; a wrong patient 0.69 at the most, though its Hounsfield units as such may correlate by 0.94."""
_LEFT_OUT_MM = 5.0
_WORTH_SAYING = 1e-3


def follow_up(
    baseline: Baseline,
    scan: Volume,
    recurrence: LesionSet | None = None,
    options: FollowUpOptions | None = None,
    *,
    progress: Progress = silent,
) -> FollowedUp:
    """Lay the baseline's heat onto a later CT, and compare it with a recurrence.

    Args:
        baseline: The scored PET/CT.
        scan: The later CT of the same patient.
        recurrence: Drawn on that CT, or None.
        options: How.
        progress: Told after each stage.

    Raises:
        InputError: The CT does not fit the baseline, is no CT, or there is no heat as asked for.
    """
    options = options or FollowUpOptions()
    _check_kind(scan)
    hotness = judge_heat(
        baseline.heat, baseline.tumour, baseline.geometry.spacing, choice=options.heat, hot_percent=options.hot_percent
    )
    registration = register_region(
        Volume(baseline.images[Modality.CT], baseline.geometry), _comparable(baseline), scan, seed=options.seed,
        progress=progress,
    )  # fmt: skip
    _check_match(registration)
    warnings = _match_warnings(registration)
    laid = None
    if recurrence is not None and recurrence.lesions:
        laid = lay_recurrence(recurrence.lesions, baseline.geometry, registration.matrix)
        warnings += _place_warnings(laid, baseline)
    overlap = _overlap(baseline, hotness, laid, options, progress)
    notes = () if recurrence is None else (*recurrence.notes, *(n for one in recurrence.lesions for n in one.notes))

    def on_scan(values: NDArray) -> Volume:
        return replace(
            scan,
            array=lay_values(values, baseline.geometry, scan.geometry, registration.matrix),
            modality=None,
            notes=(),
        )

    tumour = on_scan(baseline.tumour)
    tumour = replace(tumour, array=tumour.array >= 0.5)
    return FollowedUp(
        baseline=baseline,
        options=options,
        registration=registration,
        doubtful=registration.detail < GOOD_DETAIL,
        hotness=hotness,
        recurrence=laid,
        overlap=overlap,
        heat_on_scan={modality: on_scan(values) for modality, values in baseline.heat.items()},
        tumour_on_scan=tumour,
        scan_on_region=sample_linearly(
            scan, moved(baseline.geometry, registration.matrix), beyond=BEYOND[Modality.CT]
        ).array,
        warnings=(*warnings, *(overlap.flags if overlap else ()), *scan.notes, *notes),
    )


def _check_kind(scan: Volume) -> None:
    if scan.modality not in (None, "CT"):
        raise InputError(
            f"The follow-up is of modality {scan.modality}, not CT.", remedy="Give the later CT with --ct."
        )  # fmt: skip


def _comparable(baseline: Baseline) -> NDArray[np.bool_]:
    """Voxels that should look the same later: away from the tumour, and not the air that fills what no scan shows."""
    distance = ndimage.distance_transform_edt(~baseline.tumour, sampling=baseline.geometry.spacing[::-1])
    kept = distance > _LEFT_OUT_MM
    empty = baseline.images[Modality.CT] == BEYOND[Modality.CT]
    for axis in range(3):
        planes = empty.all(axis=tuple(other for other in range(3) if other != axis))
        filled = np.logical_and.accumulate(planes) | np.logical_and.accumulate(planes[::-1])[::-1]
        kept &= ~filled.reshape([-1 if other == axis else 1 for other in range(3)])
    return np.asarray(kept, np.bool_)


def _check_match(registration: Registration) -> None:
    if (
        registration.match < LEAST_MATCH
        or registration.detail < LEAST_DETAIL
        or registration.rotation_degrees > MOST_DEGREES
    ):
        raise InputError(
            "The follow-up CT does not match the baseline: outside the tumour their Hounsfield units correlate by "
            f"{registration.match:.2f} (at least {LEAST_MATCH} is needed), their detail by {registration.detail:.2f} "
            f"(at least {LEAST_DETAIL}), at a rotation of {registration.rotation_degrees:.0f} degrees (at most "
            f"{MOST_DEGREES:.0f}).",
            remedy="Check that both are of the same patient and the same part of the body.",
        )


def _match_warnings(registration: Registration) -> list[str]:
    warnings = []
    if registration.detail < GOOD_DETAIL:
        warnings.append(
            f"DOUBTFUL MATCH: the detail of both CTs correlates by only {registration.detail:.2f} (a good match has "
            f"{GOOD_DETAIL} or more). Breathing, collapse, surgery or another patient can be the cause: the place of "
            "the heat on the follow-up, and every figure of overlap, may be wrong by centimetres"
        )
    if registration.overlap < 1 - _WORTH_SAYING:
        warnings.append(f"the follow-up CT shows only {registration.overlap:.0%} of the baseline region")
    return warnings


def _place_warnings(laid: LaidRecurrence, baseline: Baseline) -> list[str]:
    if not laid.mask.any():
        return ["the recurrence lies wholly outside the baseline region: nothing was measured"]
    warnings = []
    if laid.outside_fraction > _WORTH_SAYING:
        warnings.append(
            f"{max(laid.outside_fraction, 0.01):.0%} of the recurrence lies outside the baseline region and was not "
            "measured"
        )
    covered = np.count_nonzero(laid.mask & baseline.tumour) / np.count_nonzero(laid.mask)
    if covered == 1:
        warnings.append("the recurrence lies wholly where the baseline tumour was: nothing was measured")
    elif covered > 0:
        warnings.append(
            f"{max(covered, 0.01):.0%} of the recurrence lies where the baseline tumour was and was left out"
        )
    return warnings


def _overlap(
    baseline: Baseline, hotness: Hotness, laid: LaidRecurrence | None, options: FollowUpOptions, progress: Progress
) -> Overlap | None:
    if laid is None or not (laid.mask & ~baseline.tumour).any():
        return None
    return judge_overlap(
        hotness, laid.mask, baseline.tumour, baseline.images[Modality.CT], baseline.geometry.spacing,
        rotations=options.rotations, seed=options.seed, progress=progress,
    )  # fmt: skip
