"""Calibration: how often the event was seen where a model predicted it so and so often."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prognosis.report.canvas import FONT
from prognosis.report.survival_study.canvas import (
    GRID,
    QUIET_INK,
    LineStyle,
    add_axes,
    draw_key,
    name_axes,
    study_page,
)
from prognosis.report.survival_study.words import years_words
from prognosis.survival.curves import CalibrationGroup
from prognosis.survival.evaluation.study_results import ModelResult

_WIDTH, _HEIGHT = 800, 900
_SIDE = 640
_LEFT, _BOTTOM = 110, 170
_STEPS = (0.02, 0.05, 0.1, 0.2)
_LABEL_GAP = 0.05
_AS_PREDICTED = LineStyle(QUIET_INK, (5, 4))


def calibration_figure(
    model: ModelResult, horizon_years: int, style: LineStyle, models: Sequence[ModelResult]
) -> Figure:
    """Groups of like prediction, predicted against observed, both axes alike.

    Args:
        model: With calibration groups at the horizon.
        horizon_years: Which horizon.
        style: The model's.
        models: With groups at the horizon too; they share one scale, so that their figures can be compared.
    """
    groups = model.calibration[horizon_years]
    figure = study_page(
        _WIDTH,
        _HEIGHT,
        f"{model.title}: calibration",
        f"event within {years_words(horizon_years)}, groups by prediction",
    )
    axes = add_axes(figure, _LEFT, _BOTTOM, _SIDE, _SIDE)
    top, step = _scale([group for one in models for group in one.calibration[horizon_years]])
    for group in groups:
        _draw_group(axes, group, style)
    axes.plot([0, top], [0, top], color=QUIET_INK, linewidth=1.2, dashes=_AS_PREDICTED.dashes, zorder=1)
    draw_key(figure, _WIDTH - 260, _HEIGHT - 42, [("as many as predicted", _AS_PREDICTED)])
    axes.set_xlim(0, top)
    axes.set_ylim(0, top)
    ticks = np.arange(0, top + step / 2, step)
    for set_ticks in (axes.set_xticks, axes.set_yticks):
        set_ticks(ticks, [f"{100 * tick:.0f}" for tick in ticks])
    axes.grid(visible=True, color=GRID, linewidth=0.8)
    name_axes(axes, "predicted (%)", "observed (%)")
    axes.xaxis.labelpad = 44
    _write_sizes(axes, groups, top)
    return figure


def spread(places: Sequence[float], gap: float, *, low: float, high: float) -> list[float]:
    """Move places apart to a least gap, each as little as its neighbours allow, in their order, within bounds."""
    gap = min(gap, (high - low) / max(len(places) - 1, 1))
    order = np.argsort(places, kind="stable")
    offsets = gap * np.arange(len(order))
    # With the gaps taken off, 'apart' becomes 'not falling': a least-squares fit by pooling neighbours.
    pools: list[tuple[float, int]] = []
    for wanted in np.asarray(places, float)[order] - offsets:
        mean, count = float(wanted), 1
        while pools and pools[-1][0] > mean:
            former, size = pools.pop()
            mean, count = (former * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    fitted = np.repeat([mean for mean, _ in pools], [count for _, count in pools])
    moved = np.empty(len(order))
    moved[order] = np.clip(fitted, low, high - offsets[-1] if len(offsets) else high) + offsets
    return [float(place) for place in moved]


def _draw_group(axes: Axes, group: CalibrationGroup, style: LineStyle) -> None:
    if np.isfinite(group.observed.low) and np.isfinite(group.observed.high):
        axes.plot(
            [group.predicted] * 2, [group.observed.low, group.observed.high], color=style.colour, linewidth=2, zorder=3
        )
    axes.plot(
        [group.predicted], [group.observed.value], marker="o", markersize=9, color=style.colour,
        markeredgecolor="white", zorder=4, clip_on=False,
    )  # fmt: skip


def _scale(groups: Sequence[CalibrationGroup]) -> tuple[float, float]:
    """The upper end of both axes and the step between ticks."""
    values = [
        value
        for group in groups
        for value in (group.predicted, group.observed.value, group.observed.high)
        if np.isfinite(value)
    ]
    largest = min(max(values, default=1.0) * 1.02, 1.0)
    step = next((step for step in _STEPS if largest / step <= 6), _STEPS[-1])
    return float(min(np.ceil(largest / step - 1e-9) * step, 1.0)), step


def _write_sizes(axes: Axes, groups: Sequence[CalibrationGroup], top: float) -> None:
    """The patients of each group below the axis, led to its prediction."""
    places = spread([group.predicted / top for group in groups], _LABEL_GAP, low=0.02, high=0.98)
    across = axes.get_xaxis_transform()
    for group, place in zip(groups, places, strict=True):
        axes.plot(
            [group.predicted, group.predicted, place * top], [0, -0.055, -0.075], color=QUIET_INK, linewidth=0.7,
            transform=across, clip_on=False, zorder=0,
        )  # fmt: skip
        axes.text(
            place * top, -0.08, str(group.patients), transform=across, ha="center", va="top", fontsize=10, family=FONT,
            color=QUIET_INK,
        )  # fmt: skip
    axes.text(
        -0.02, -0.08, "patients", transform=axes.transAxes, ha="right", va="top", fontsize=10, family=FONT,
        color=QUIET_INK,
    )  # fmt: skip
