"""Kaplan-Meier curves with their numbers at risk: of all tested patients, and of a model's risk groups."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from prognosis.report.survival_study.canvas import (
    GRID,
    KEY_ROW,
    QUIET_INK,
    LineStyle,
    TimeAxis,
    add_axes,
    draw_key,
    draw_line,
    fitting,
    group_style,
    model_style,
    name_axes,
    study_page,
    time_axis,
    width_of,
    write,
)
from prognosis.survival.curves import Curve
from prognosis.survival.evaluation.study_results import ModelResult, Study

_WIDTH = 1200
_LEFT, _RIGHT = 215, 40
_PLOT_HEIGHT = 460
_RISK_ROW = 24


@dataclass(frozen=True)
class _Line:
    name: str
    curve: Curve
    style: LineStyle


def overall_figure(study: Study) -> Figure:
    """The curve of all tested patients."""
    curve = study.overall
    return _figure([_Line("tested patients", curve, model_style(0))], "All tested patients", "", time_axis(_end(curve)))


def risk_groups_figure(study: Study, model: ModelResult) -> Figure:
    """The curves of a model's risk groups, on the time axis of all tested patients."""
    count = len(model.risk_groups)
    lines = [
        _Line(label, curve, group_style(number, count))
        for number, (label, curve) in enumerate(model.risk_groups.items())
    ]
    subtitle = "groups by predicted risk, cut-offs from training patients only"
    return _figure(lines, f"{model.title}: risk groups", subtitle, time_axis(_end(study.overall)))


def at_risk(curve: Curve, days: NDArray[np.float64]) -> list[int]:
    """How many are at risk just before each of some times; 0 after the last patient's time."""
    numbers = np.append(curve.at_risk, 0)
    return [int(number) for number in numbers[np.searchsorted(curve.times_days, days, side="left")]]


def _figure(lines: Sequence[_Line], title: str, subtitle: str, time: TimeAxis) -> Figure:
    key_height, table_height = KEY_ROW * len(lines), _RISK_ROW * (len(lines) + 1)
    bottom = 50 + table_height + 62
    height = bottom + _PLOT_HEIGHT + 22 + key_height + (74 if subtitle else 52)
    figure = study_page(_WIDTH, height, title, subtitle)
    axes = add_axes(figure, _LEFT, bottom, _WIDTH - _LEFT - _RIGHT, _PLOT_HEIGHT)
    for line in lines:
        years, style = line.curve.times_days / time.unit_days, line.style
        percent = [100 * values for values in (line.curve.survival, line.curve.low, line.curve.high)]
        axes.fill_between(years, percent[1], percent[2], step="post", color=style.colour, alpha=0.13, linewidth=0)
        axes.step(years, percent[0], where="post", color=style.colour, dashes=style.dashes or (None, None), linewidth=2)
    axes.set_xlim(0, time.end)
    axes.set_xticks(time.ticks, [f"{tick:g}" for tick in time.ticks])
    axes.set_ylim(0, 102)
    axes.set_yticks(range(0, 101, 20))
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    name_axes(axes, f"{time.unit} of follow-up", "without the event (%)")
    named = [(_name_and_counts(line), line.style) for line in lines]
    draw_key(figure, _LEFT, bottom + _PLOT_HEIGHT + 14 + key_height, named)
    _write_numbers_at_risk(figure, lines, time, top=50 + table_height)
    return figure


def _write_numbers_at_risk(figure: Figure, lines: Sequence[_Line], time: TimeAxis, *, top: float) -> None:
    days = np.array(time.ticks) * time.unit_days
    write(figure, _LEFT - 66, top - 14, "at risk", size=11, colour=QUIET_INK, across="right")
    for row, line in enumerate(lines, start=1):
        y = top - _RISK_ROW * row - 14
        write(figure, _LEFT - 66, y, line.name, across="right", within=_LEFT - 76)
        draw_line(figure, (_LEFT - 58, y + 5), (_LEFT - 40, y + 5), LineStyle(line.style.colour, ()), width=5)
        for tick, number in zip(time.ticks, at_risk(line.curve, days), strict=True):
            x = _LEFT + (_WIDTH - _LEFT - _RIGHT) * tick / time.end
            write(figure, x, y, str(number), across="center")


def _name_and_counts(line: _Line) -> str:
    counts = f": {_counts(line.curve)}"
    return fitting(line.name, _WIDTH - _LEFT - 80 - width_of(counts)) + counts


def _counts(curve: Curve) -> str:
    patients = "1 patient" if curve.patients == 1 else f"{curve.patients} patients"
    return f"{patients}, {'1 event' if curve.events == 1 else f'{curve.events} events'}"


def _end(curve: Curve) -> float:
    return float(curve.times_days[-1])
