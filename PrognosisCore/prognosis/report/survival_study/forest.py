"""Forest plots: figures of all models with their intervals, on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prognosis.report.survival_study.canvas import (
    GRID,
    QUIET_INK,
    LineStyle,
    add_axes,
    name_axes,
    size_px,
    study_page,
    write,
)
from prognosis.report.survival_study.words import metric_title, value_and_interval
from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import ModelResult

_WIDTH = 1200
_LEFT, _RIGHT, _BOTTOM, _TOP = 330, 270, 100, 105
_ROW, _BLOCK_HEAD, _BLOCK_FOOT = 34, 30, 14
_CHANCE = 0.5
_REFERENCE_STYLE = LineStyle("#6a727d", ())

StyledModels = Sequence[tuple[ModelResult, LineStyle]]


@dataclass(frozen=True)
class _Row:
    """A model's figure; `place` is in pixels above the horizontal axis."""

    title: str
    style: LineStyle
    estimate: Estimate
    seeds: tuple[float, ...]
    place: float


@dataclass(frozen=True)
class _Block:
    """One metric of all models, the upper and lower end in pixels above the horizontal axis."""

    metric: str
    rows: tuple[_Row, ...]
    upper: float
    lower: float


def discrimination_figure(models: StyledModels, metrics: Sequence[str]) -> Figure:
    """How well models put patients into order; 0.5 is chance.

    Args:
        models: In the order of the study, with their styles.
        metrics: Such as 'c_index'; one that no model has is left out.
    """
    blocks = _blocks(models, metrics)
    figure, axes = _page("Putting patients into order", "higher is better; bars are 95 % intervals", blocks)
    low, high = _range(blocks, _CHANCE)
    axes.set_xlim(low - 0.02, min(high + 0.02, 1.0))
    axes.axvline(_CHANCE, color=QUIET_INK, linewidth=1.4, dashes=(5, 4), zorder=1)
    chance_px = _LEFT + (_CHANCE - low + 0.02) / np.ptp(axes.get_xlim()) * (_WIDTH - _LEFT - _RIGHT)
    write(figure, chance_px, size_px(figure)[1] - _TOP + 8, "chance", size=10, colour=QUIET_INK, across="center")
    name_axes(axes, "concordance, or area under the curve", "")
    return figure


def brier_figure(models: StyledModels, metrics: Sequence[str], reference: ModelResult | None) -> Figure:
    """Squared errors of predicted survival, beside those of predicting the Kaplan-Meier curve for everybody.

    Args:
        models: In the order of the study, with their styles.
        metrics: Such as 'brier_1y'; one that no model has is left out.
        reference: The Kaplan-Meier reference.
    """
    compared = list(models) if reference is None else [(reference, _REFERENCE_STYLE), *models]
    blocks = _blocks(compared, metrics)
    figure, axes = _page("Error of predicted survival", "lower is better; bars are 95 % intervals", blocks)
    low, high = _range(blocks)
    margin = 0.06 * max(high - low, 0.02)
    axes.set_xlim(max(low - margin, 0.0), high + margin)
    for block in blocks:
        if reference is not None and block.rows[0].title == reference.title:
            axes.plot(
                [block.rows[0].estimate.value] * 2, [block.lower + 6, block.rows[0].place], color=QUIET_INK,
                linewidth=1.3, dashes=(5, 4), zorder=1,
            )  # fmt: skip
    name_axes(axes, "Brier score", "")
    return figure


def _blocks(models: StyledModels, metrics: Sequence[str]) -> list[_Block]:
    """Lay out metrics from the last, at the bottom, to the first."""
    blocks: list[_Block] = []
    lower = 0.0
    for metric in reversed(metrics):
        having = [(model, style) for model, style in models if metric in model.metrics]
        if not having:
            continue
        upper = lower + _BLOCK_FOOT + _ROW * len(having) + _BLOCK_HEAD
        rows = tuple(
            _Row(
                model.title,
                style,
                model.metrics[metric],
                model.over_seeds.get(metric, ()),
                upper - _BLOCK_HEAD - _ROW * (number + 0.5),
            )
            for number, (model, style) in enumerate(having)
        )
        blocks.insert(0, _Block(metric, rows, upper, lower))
        lower = upper
    return blocks


def _page(title: str, subtitle: str, blocks: Sequence[_Block]) -> tuple[Figure, Axes]:
    inner = blocks[0].upper
    figure = study_page(_WIDTH, round(_BOTTOM + inner + _TOP), title, subtitle)
    axes = add_axes(figure, _LEFT, _BOTTOM, _WIDTH - _LEFT - _RIGHT, inner)
    axes.set_ylim(0, inner)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.8)
    for block in blocks:
        head = _BOTTOM + block.upper - _BLOCK_HEAD + 6
        write(figure, 20, head, metric_title(block.metric), size=12, weight="bold", within=_LEFT - 40)
        for row in block.rows:
            write(figure, 36, _BOTTOM + row.place - 5, row.title, within=_LEFT - 56)
            write(figure, _WIDTH - _RIGHT + 20, _BOTTOM + row.place - 5, value_and_interval(row.estimate))
            _draw_row(axes, row)
    return figure, axes


def _draw_row(axes: Axes, row: _Row) -> None:
    if np.isfinite(row.estimate.low) and np.isfinite(row.estimate.high):
        axes.plot(
            [row.estimate.low, row.estimate.high], [row.place] * 2, color=row.style.colour, linewidth=2.2, zorder=3
        )
    axes.plot(
        [row.estimate.value], [row.place], marker="s", markersize=8, color=row.style.colour, markeredgecolor="white",
        zorder=4,
    )  # fmt: skip
    axes.plot(
        row.seeds, [row.place - 11] * len(row.seeds), linestyle="none", marker="o", markersize=4,
        color=row.style.colour, alpha=0.7, markeredgewidth=0, zorder=4,
    )  # fmt: skip


def _range(blocks: Sequence[_Block], *others: float) -> tuple[float, float]:
    values = [
        value
        for block in blocks
        for row in block.rows
        for value in (row.estimate.value, row.estimate.low, row.estimate.high, *row.seeds)
    ]
    known = [value for value in (*values, *others) if np.isfinite(value)] or [0.0, 1.0]
    return min(known), max(known)
