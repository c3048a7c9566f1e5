"""The gate of a DICOM series: the slices given are the slices used, evenly spaced along one normal, or none are."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.frames import Frame
from prognosis.imaging.dicom.phases import refuse_interleaved_phases, refuse_phases_at_one_place
from prognosis.imaging.dicom.values import tag_name

_SAME_ORIENTATION = 1e-3
_SAME_HEIGHT_MM = 1e-2
_LEFT_OUT_AT_MOST = 3
_LEFT_OUT_FRACTION = 0.1
_TILT_DEGREES = 0.1
_SHIFT_PIXELS = 0.1
_TOTAL_SHIFT_PIXELS = 0.5
_UNEVEN_FRACTION = 0.1
_MISSING_FRACTION = 0.1
_WORTH_TELLING_MM = 0.1
_NAMES_LISTED = 5


@dataclass(frozen=True)
class Stack:
    """Slices in the order of the normal of their plane.

    Args:
        frames: At least two, from the lowest to the highest along the normal.
        heights: Where each lies along the normal, in mm.
        distance: Median distance between neighbours, in mm.
        even: Whether all distances are the same.
        notes: What was left out, in words.
    """

    frames: tuple[Frame, ...]
    heights: NDArray[np.float64]
    distance: float
    even: bool
    notes: tuple[str, ...]


def pass_gate(
    frames: Sequence[Frame], same_pixels: Callable[[Frame, Frame], bool], *, accept_uneven: bool, overlaps_tell: bool
) -> Stack:
    """Order the slices of a series, or refuse it.

    Args:
        frames: The frames of one series, localizers left out.
        same_pixels: Tells whether two frames show the same values.
        accept_uneven: Whether slices at uneven distances are let through.
        overlaps_tell: Whether acquisitions that lie in one another mean several phases (CT and PET, not MR).

    Raises:
        InputError: The slices do not make one volume; the message names files and distances.
    """
    kept, notes = _of_one_orientation(frames)
    _check_same_grid(kept)
    kept, dropped = _without_duplicates(_sorted_along_normal(kept), same_pixels)
    if len(kept) < 2:
        raise InputError(
            f"The series of {_names(frames)} holds a single slice position; a volume needs at least 2.",
            remedy="Give the folder with all slices.",
        )
    heights = _heights(kept)
    if overlaps_tell:
        refuse_interleaved_phases(kept, heights)
    _check_straight(kept, heights)
    even = _check_distances(kept, heights, accept_uneven=accept_uneven)
    distances = np.diff(heights)
    if even and np.ptp(distances) > _WORTH_TELLING_MM:
        dropped.append(
            f"Slice distances vary from {distances.min():.2f} to {distances.max():.2f} mm; their mean is used."
        )
    return Stack(tuple(kept), heights, float(np.median(distances)), even, (*notes, *dropped))


def _of_one_orientation(frames: Sequence[Frame]) -> tuple[list[Frame], list[str]]:
    groups: list[list[Frame]] = []
    for frame in frames:
        for group in groups:
            if np.allclose(frame.orientation, group[0].orientation, rtol=0, atol=_SAME_ORIENTATION):
                group.append(frame)
                break
        else:
            groups.append([frame])
    groups.sort(key=len, reverse=True)
    left_out = [frame for group in groups[1:] for frame in group]
    if not left_out:
        return groups[0], []
    if len(left_out) > max(_LEFT_OUT_AT_MOST, _LEFT_OUT_FRACTION * len(frames)) or len(left_out) >= len(groups[0]):
        raise InputError(
            f"The series mixes {len(groups)} slice orientations {tag_name('ImageOrientationPatient')}: "
            f"{len(groups[0])} slices like {groups[0][0]}, but not {_names(left_out)}.",
            remedy="Give a folder with slices of one orientation.",
        )
    told = f"{len(left_out)} slice(s) of another orientation than the series has (localizers) are left out."
    return groups[0], [told]


def _check_same_grid(frames: Sequence[Frame]) -> None:
    for what, key in (
        ("matrix sizes (Rows (0028,0010) x Columns (0028,0011))", lambda f: f"{f.rows} x {f.columns}"),
        (tag_name("PixelSpacing"), lambda f: f"{f.spacing[0]:.5g} x {f.spacing[1]:.5g} mm"),
    ):
        groups: defaultdict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            groups[key(frame)].append(frame)
        if len(groups) > 1:
            listed = "; ".join(f"{value}: {_names(group)}" for value, group in groups.items())
            raise InputError(
                f"The slices of the series differ in {what}: {listed}.",
                remedy="Give a folder with slices of one size.",
            )


def _normal(frame: Frame) -> NDArray[np.float64]:
    normal = np.cross(frame.orientation[:3], frame.orientation[3:])
    return normal / np.linalg.norm(normal)


def _heights(frames: Sequence[Frame]) -> NDArray[np.float64]:
    return np.array([frame.position for frame in frames]) @ _normal(frames[0])


def _sorted_along_normal(frames: Sequence[Frame]) -> list[list[Frame]]:
    """Frames from low to high, those of one height together."""
    heights = _heights(frames)
    order = np.argsort(heights, kind="stable")
    steps = np.diff(heights[order], prepend=-np.inf)
    places: list[list[Frame]] = []
    for index, step in zip(order.tolist(), steps.tolist(), strict=True):
        if step > _SAME_HEIGHT_MM:
            places.append([])
        places[-1].append(frames[index])
    return places


def _without_duplicates(
    places: Sequence[Sequence[Frame]], same_pixels: Callable[[Frame, Frame], bool]
) -> tuple[list[Frame], list[str]]:
    doubled = [place for place in places if len(place) > 1]
    for place in doubled:
        for other in place[1:]:
            if not np.allclose(place[0].position, other.position, rtol=0, atol=_SAME_HEIGHT_MM) or not same_pixels(
                place[0], other
            ):
                refuse_phases_at_one_place(places)
                raise InputError(
                    f"{place[0]} and {other} lie at the same position but show different slices "
                    f"({len(doubled)} positions are taken twice).",
                    remedy="Take out the slices that do not belong to the series.",
                )
    dropped = [frame for place in doubled for frame in place[1:]]
    notes = [f"{len(dropped)} slice(s) present twice with identical pixels: one of each is used."]
    return [place[0] for place in places], notes if dropped else []


def _check_straight(frames: Sequence[Frame], heights: NDArray[np.float64]) -> None:
    """The slices must lie above one another along the normal of their plane: no gantry tilt, no slice aside."""
    axes = np.reshape(frames[0].orientation, (2, 3))
    aside = np.array([frame.position for frame in frames]) @ axes.T
    aside -= aside[0]
    height = heights - heights[0]
    allowed = _SHIFT_PIXELS * min(frames[0].spacing)
    shift = np.abs(aside).max(axis=1)
    slope = (height @ aside) / (height @ height)
    tilt = float(np.degrees(np.arctan(np.hypot(*slope))))
    far = shift[-1] > _TOTAL_SHIFT_PIXELS * min(frames[0].spacing)
    if far or (tilt > _TILT_DEGREES and shift[-1] > allowed):
        raise InputError(
            f"The slices are stacked {tilt:.2f} degrees off the normal of their plane (gantry tilt): "
            f"from {frames[0]} to {frames[-1]} they shift by {shift[-1]:.2f} mm sideways.",
            remedy="Resample the series to a straight stack first (for example, with Slicer's gantry tilt correction).",
        )
    residual = np.abs(aside - height[:, None] * slope).max(axis=1)
    worst = int(residual.argmax())
    if residual[worst] > allowed:
        raise InputError(
            f"{frames[worst]} lies {residual[worst]:.2f} mm sideways of the other slices.",
            remedy=f"Check {tag_name('ImagePositionPatient')}; export the series again.",
        )


def _check_distances(frames: Sequence[Frame], heights: NDArray[np.float64], *, accept_uneven: bool) -> bool:
    """Refuse gaps; refuse or let through uneven distances.

    Returns:
        Whether the distances are even.
    """
    distances = np.diff(heights)
    median = float(np.median(distances))
    odd = np.flatnonzero(np.abs(distances - median) > _UNEVEN_FRACTION * median)
    multiples = distances[odd] / median
    whole = np.abs(multiples - np.rint(multiples)) <= _UNEVEN_FRACTION
    if odd.size and whole.all() and multiples.min() > 1.5 and odd.size <= max(1, _MISSING_FRACTION * distances.size):
        gaps = "; ".join(
            f"{distances[n]:.2f} mm between {frames[n]} and {frames[n + 1]}" for n in odd[:_NAMES_LISTED].tolist()
        )
        missing = int(np.rint(multiples).sum()) - odd.size
        raise InputError(
            f"{missing} slice(s) are missing: slices lie {median:.2f} mm apart, but there is a gap of {gaps}.",
            remedy="Copy the whole series again.",
        )
    drift = heights - np.polyval(np.polyfit(np.arange(heights.size), heights, 1), np.arange(heights.size))
    if not odd.size and np.abs(drift).max() <= _UNEVEN_FRACTION * median:
        return True
    if accept_uneven:
        return False
    worst = int(np.abs(distances - median).argmax())
    raise InputError(
        f"The slices are unevenly spaced: {distances.min():.2f} to {distances.max():.2f} mm, "
        f"{distances[worst]:.2f} mm between {frames[worst]} and {frames[worst + 1]}.",
        remedy="Give an evenly spaced series, or accept linear resampling (--resample-uneven).",
    )


def _names(frames: Sequence[Frame]) -> str:
    listed = ", ".join(str(frame) for frame in frames[:_NAMES_LISTED])
    return listed if len(frames) <= _NAMES_LISTED else f"{listed} and {len(frames) - _NAMES_LISTED} more"
