"""The picture of a patient's predicted survival curve."""

from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from prognosis.bundles.model_used import ModelUsed
from prognosis.report.canvas import FONT, draw_watermark, drawable, new_figure, png_of
from prognosis.report.wording import RESEARCH_USE, model_line
from prognosis.survival.predicted_survival import PredictedSurvival

_WIDTH, _HEIGHT = 1200, 680
_DAYS_PER_YEAR = 365.25
_SHOWN_YEARS = 5.0
_CURVE = "#1f4e8c"
_INK = "#22272e"
_QUIET_INK = "#5b6470"


class WithSurvival(Protocol):
    """A scored patient, whichever method scored it."""

    @property
    def survival(self) -> PredictedSurvival | None: ...

    @property
    def model(self) -> ModelUsed: ...

    @property
    def watermark(self) -> str | None: ...


def draw_survival(patient: WithSurvival) -> bytes:
    """Draw a patient's predicted survival against years, up to the end of the training follow-up.

    Args:
        patient: What scoring yielded, with a survival curve of at least one time.

    Returns:
        A PNG, 1200 pixels wide.
    """
    return png_of(survival_figure(patient))


def survival_figure(patient: WithSurvival) -> Figure:
    """The figure `draw_survival` draws, from the same argument."""
    survival = patient.survival
    if survival is None or not survival.times_days:
        msg = "draw_survival needs a patient with a survival curve"
        raise ValueError(msg)
    figure = new_figure(_WIDTH, _HEIGHT, background="white")
    axes = figure.add_axes((0.085, 0.2, 0.885, 0.74))
    _draw_curve(axes, survival)
    _mark_years(axes, survival)
    _draw_frame(axes)
    for x, text, across in (
        (0.085, RESEARCH_USE, "left"),
        (0.97, drawable(model_line(patient.model), limit=70), "right"),
    ):
        figure.text(x, 0.03, text, ha=across, fontsize=11, family=FONT, color=_QUIET_INK, parse_math=False)
    if patient.watermark:
        draw_watermark(figure, patient.watermark, colour="#808890")
    return figure


def _draw_curve(axes: Axes, survival: PredictedSurvival) -> None:
    years = [0.0, *(days / _DAYS_PER_YEAR for days in survival.times_days)]
    axes.step(years, [100.0, *(100 * share for share in survival.survival)], where="post", color=_CURVE, linewidth=2.5)
    end = years[-1]
    right = max(_SHOWN_YEARS, end) * 1.05
    axes.set_xlim(0, right)
    axes.axvspan(end, right, color="#eceff3", linewidth=0)
    axes.axvline(end, color=_QUIET_INK, linewidth=1.5, linestyle=(0, (5, 4)))
    roomy = end < 0.7 * right
    axes.text(
        end + (0.01 if roomy else -0.01) * right,
        111,
        f"training follow-up ends\nat {end:.1f} years",
        ha="left" if roomy else "right",
        va="top",
        fontsize=12,
        family=FONT,
        color=_QUIET_INK,
    )


def _mark_years(axes: Axes, survival: PredictedSurvival) -> None:
    for year, share in sorted(survival.at_years.items()):
        if share is None:
            continue
        axes.plot([year], [100 * share], marker="o", markersize=8, color=_CURVE)
        axes.annotate(
            f"{100 * share:.0f} % at {year} {'year' if year == 1 else 'years'}",
            (year, 100 * share),
            xytext=(9, 8),
            textcoords="offset points",
            ha="left" if year < 0.8 * axes.get_xlim()[1] else "right",
            fontsize=12,
            family=FONT,
            color=_INK,
        )


def _draw_frame(axes: Axes) -> None:
    axes.set_ylim(0, 112)
    axes.set_yticks(range(0, 101, 20))
    axes.set_xlabel("years after the image", fontsize=13, family=FONT, color=_INK)
    axes.set_ylabel("predicted survival (%)", fontsize=13, family=FONT, color=_INK)
    axes.tick_params(labelsize=12, labelfontfamily=FONT, colors=_INK)
    axes.grid(visible=True, axis="y", color="#d6dae0", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
