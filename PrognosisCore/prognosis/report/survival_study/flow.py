"""The flow of patients as boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from prognosis.report.survival_study.canvas import INK, QUIET_INK, LineStyle, draw_line, size_px, study_page, write
from prognosis.survival.evaluation.study_results import FlowStep

_WIDTH = 900
_TOP, _BOTTOM = 70, 50
_BOX, _GAP = 62, 34
_LEFT, _INDENT, _BOX_WIDTH = 60, 70, 620
_SPINE = LineStyle(INK, ())


@dataclass(frozen=True)
class Box:
    """A step and where it comes from.

    Args:
        step: The step.
        parent: Index of the box it comes from; None for the first.
        part: Whether it is one of the parts its parent is split into.
        lost: Patients of the parent that are not in it, where it is no part.
    """

    step: FlowStep
    parent: int | None
    part: bool
    lost: int


def flow_figure(flow: Sequence[FlowStep]) -> Figure:
    """Boxes from top to bottom; parts that add up to the box above are indented below it."""
    boxes = boxes_of(flow)
    height = _TOP + len(boxes) * (_BOX + _GAP) - _GAP + _BOTTOM
    figure = study_page(_WIDTH, height, "Patients")
    tops = [height - _TOP - row * (_BOX + _GAP) for row in range(len(boxes))]
    for box, top in zip(boxes, tops, strict=True):
        left = _LEFT + (_INDENT if box.part else 0)
        _draw_box(figure, left, top, box.step)
        if box.parent is None:
            continue
        above = tops[box.parent] - _BOX
        spine = _LEFT + _INDENT / 2
        if box.part:
            middle = top - _BOX / 2
            draw_line(figure, (spine, above), (spine, middle), _SPINE, width=1.2)
            _draw_arrow(figure, (spine, middle), (left, middle))
        else:
            _draw_arrow(figure, (spine, above), (spine, top))
            if box.lost > 0:
                lost = "1 left out" if box.lost == 1 else f"{box.lost} left out"
                write(figure, spine + 16, top + _GAP / 2 - 5, lost, size=10, colour=QUIET_INK)
    return figure


def boxes_of(flow: Sequence[FlowStep]) -> list[Box]:
    """Tell which steps follow one another and which are parts of one before them."""
    boxes: list[Box] = []
    number = 0
    trunk: int | None = None
    while number < len(flow):
        parts = _parts_of(flow[trunk], flow[number:]) if trunk is not None else 0
        if parts:
            boxes += [Box(step, trunk, True, 0) for step in flow[number : number + parts]]
            number += parts
            continue
        lost = flow[trunk].patients - flow[number].patients if trunk is not None else 0
        boxes.append(Box(flow[number], trunk if lost >= 0 else None, False, max(lost, 0)))
        trunk = number
        number += 1
    return boxes


def _parts_of(whole: FlowStep, following: Sequence[FlowStep]) -> int:
    """How many of the following steps, at least two, add up to a step; 0 where they do not."""
    patients = events = 0
    for count, step in enumerate(following, start=1):
        patients, events = patients + step.patients, events + step.events
        if count >= 2 and (patients, events) == (whole.patients, whole.events):
            return count
    return 0


def _draw_box(figure: Figure, left: float, top: float, step: FlowStep) -> None:
    width, height = size_px(figure)
    figure.add_artist(
        FancyBboxPatch(
            (left / width, (top - _BOX) / height), _BOX_WIDTH / width, _BOX / height, boxstyle="square,pad=0",
            facecolor="#f3f6f9", edgecolor=INK, linewidth=1.2, transform=figure.transFigure,
        )
    )  # fmt: skip
    patients = "1 patient" if step.patients == 1 else f"{step.patients} patients"
    events = "1 event" if step.events == 1 else f"{step.events} events"
    write(figure, left + 16, top - 26, step.label, size=12, weight="bold", within=_BOX_WIDTH - 32)
    write(figure, left + 16, top - 48, f"{patients}, {events}")


def _draw_arrow(figure: Figure, start: tuple[float, float], end: tuple[float, float]) -> None:
    width, height = size_px(figure)
    figure.add_artist(
        FancyArrowPatch(
            (start[0] / width, start[1] / height), (end[0] / width, end[1] / height), arrowstyle="-|>",
            mutation_scale=14, shrinkA=0, shrinkB=0, color=INK, linewidth=1.2, transform=figure.transFigure,
        )
    )  # fmt: skip
