"""Decision curves: what acting on predictions is worth, against acting on everybody and on nobody."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from prognosis.report.survival_study.canvas import (
    GRID,
    INK,
    KEY_ROW,
    QUIET_INK,
    LineStyle,
    add_axes,
    draw_key,
    name_axes,
    study_page,
)
from prognosis.report.survival_study.words import years_words
from prognosis.survival.curves import DecisionCurve
from prognosis.survival.evaluation.study_results import ModelResult

_WIDTH = 1200
_LEFT, _BOTTOM, _RIGHT = 115, 120, 40
_PLOT_HEIGHT = 440
_ALL = LineStyle(QUIET_INK, (4, 2, 1, 2))
_NOBODY = LineStyle(INK, ())
# How far below zero is shown: what is worse than acting on nobody is worse, by how much does not matter.
_SHOWN_BELOW = 0.2


def decision_figure(models: Sequence[tuple[ModelResult, LineStyle]], horizon_years: int) -> Figure:
    """The net benefit of each model at one horizon.

    Args:
        models: At least one, with a decision curve at the horizon, and its style.
        horizon_years: Which horizon.
    """
    entries = [(model.title, style) for model, style in models]
    entries += [("act on everybody", _ALL), ("act on nobody", _NOBODY)]
    key_height = KEY_ROW * len(entries)
    height = _BOTTOM + _PLOT_HEIGHT + key_height + 100
    figure = study_page(_WIDTH, height, "Decision curves", f"event within {years_words(horizon_years)}")
    axes = add_axes(figure, _LEFT, _BOTTOM, _WIDTH - _LEFT - _RIGHT, _PLOT_HEIGHT)
    curves = [(model.decision[horizon_years], style) for model, style in models]
    first = curves[0][0]
    axes.axhline(0, color=_NOBODY.colour, linewidth=1.5, zorder=2)
    axes.plot(100 * first.thresholds, first.act_on_all, color=_ALL.colour, dashes=_ALL.dashes, linewidth=2)
    for curve, style in curves:
        axes.plot(
            100 * curve.thresholds, curve.net_benefit, color=style.colour, dashes=style.dashes or (None, None),
            linewidth=2.2, zorder=3,
        )  # fmt: skip
    reached = np.concatenate([first.act_on_all, *(curve.net_benefit for curve, _ in curves)])
    top = max(1.08 * float(np.max(reached[np.isfinite(reached)], initial=0.0)), 0.02)
    axes.set_ylim(-_SHOWN_BELOW * top, top)
    axes.set_xlim(0, 100 * _end([curve for curve, _ in curves]))
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    name_axes(axes, "probability from which one would act (%)", "net benefit")
    draw_key(figure, _LEFT, _BOTTOM + _PLOT_HEIGHT + 16 + key_height, entries)
    return figure


def _end(curves: Sequence[DecisionCurve]) -> float:
    """The threshold up to which some model acts on somebody, rounded up to a tenth."""
    acting = [curve.thresholds[np.nan_to_num(curve.net_benefit, nan=1.0) != 0] for curve in curves]
    return min(1.0, float(np.ceil(10 * np.max(np.concatenate(acting), initial=0.1))) / 10)
