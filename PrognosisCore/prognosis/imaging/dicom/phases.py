"""Several passes over the patient under one series UID: found by what tells them apart, and listed."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from prognosis.errors import InputError
from prognosis.imaging.dicom.frames import PHASE_KEYWORDS, Frame
from prognosis.imaging.dicom.values import tag_name

_TELLING_OF_OVERLAP = (
    "TemporalPositionIdentifier",
    "TemporalPositionIndex",
    "NominalPercentageOfCardiacPhase",
    "NominalPercentageOfRespiratoryPhase",
    "TriggerTime",
    "AcquisitionNumber",
    "FrameAcquisitionNumber",
)
# Times differ from slice to slice in sound series too: they tell phases apart only where they make two stacks.
_TELLING_IN_PAIRS = ("AcquisitionTime", "AcquisitionDateTime")
_OVERLAPPING_FRACTION = 0.25
_PHASES_LISTED = 10


def refuse_phases_at_one_place(places: Sequence[Sequence[Frame]]) -> None:
    """Refuse frames that share positions when a tag sorts them into stacks of one frame a position.

    Raises:
        InputError: Such a tag exists; its values are listed.
    """
    for keyword in ("file", *PHASE_KEYWORDS):
        groups: defaultdict[str, list[Frame]] = defaultdict(list)
        for place in places:
            values = [frame.phases.get(keyword, "none") for frame in place]
            if len(set(values)) < len(values):
                break
            for value, frame in zip(values, place, strict=True):
                groups[value].append(frame)
        else:
            if len(groups) > 1 and min(len(group) for group in groups.values()) > 1:
                _refuse(keyword, groups)


def refuse_interleaved_phases(frames: Sequence[Frame], heights: NDArray[np.float64]) -> None:
    """Refuse slices of several acquisitions that lie between one another.

    Raises:
        InputError: A tag that tells phases apart has several values over one stretch of the patient.
    """
    for keyword in (*_TELLING_OF_OVERLAP, *_TELLING_IN_PAIRS):
        groups: defaultdict[str, list[Frame]] = defaultdict(list)
        for frame in frames:
            groups[frame.phases.get(keyword, "none")].append(frame)
        if len(groups) < 2 or min(len(group) for group in groups.values()) < 2:
            continue
        if keyword in _TELLING_IN_PAIRS and len(groups) > 2:
            continue
        values = np.array([frame.phases.get(keyword, "none") for frame in frames])
        inside = np.zeros(len(frames), bool)
        for value in groups:
            own = heights[values == value]
            inside |= (values != value) & (heights > own.min()) & (heights < own.max())
        if inside.mean() > _OVERLAPPING_FRACTION:
            _refuse(keyword, groups)


def _refuse(keyword: str, groups: Mapping[str, Sequence[Frame]]) -> NoReturn:
    name = "file" if keyword == "file" else tag_name(keyword)
    listed = "; ".join(
        f"{value}: {len(group)} slices from {group[0]}" for value, group in list(groups.items())[:_PHASES_LISTED]
    )
    raise InputError(
        f"The series holds {len(groups)} phases under one Series Instance UID, told apart by {name}: {listed}.",
        remedy="Give a folder with the slices of one phase.",
    )
