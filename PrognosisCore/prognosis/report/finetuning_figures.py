"""The curves of a generator's training."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from prognosis.report.canvas import png_of
from prognosis.report.finetuning import FinetuningStory
from prognosis.report.finetuning_words import known
from prognosis.report.selection_study.words import NO_FINDING
from prognosis.report.survival_study.canvas import (
    GRID,
    KEY_ROW,
    QUIET_INK,
    LineStyle,
    add_axes,
    draw_key,
    model_style,
    name_axes,
    study_page,
    svg_of,
    write,
)
from prognosis.report.survival_study.figures import StudyFigure
from prognosis.report.wording import DEMONSTRATION

_WIDTH, _PLOT_HEIGHT = 640, 270
_LEFT, _BOTTOM, _RIGHT, _HEAD = 88, 96, 24, 54
_THOUSANDS_FROM = 5000
_TARGET = LineStyle(QUIET_INK, (4, 2, 1, 2))


def finetuning_figures(story: FinetuningStory) -> Mapping[str, StudyFigure]:
    """Draw whatever a training's curve holds.

    Returns:
        Name of a file without its ending -> figure: 'kernel', 'frechet', 'overfitting', 'losses', 'slope', 'path'.
    """
    signs = {"sign_on_photos": "mean sign of its output on photos", "probability": "probability of each change"}
    losses = {"loss_generator": "generator", "loss_discriminator": "discriminator"}
    by = f" by features of {story.distances_by}" if story.distances_by else ""
    drawn = {
        "kernel": (
            _figure(story, "Kernel distance", "distance from photos", {"kernel": ""}, from_zero=False),
            f"Kernel distance of generated faces from photos{by}, with its 95 % interval; 0 is expected of faces of "
            "the same origin",
        ),
        "frechet": (
            _figure(story, "Fréchet distance", "distance from photos", {"frechet": ""}),
            f"Fréchet distance of generated faces from photos{by}; it comes out too large where images are few",
        ),
        "overfitting": (
            _figure(story, "What the discriminator remembers", "from \u22121 to 1", signs, from_zero=False),
            "Mean sign of the discriminator's output on photos, and how often each change of augmentation is applied; "
            "a sign near 1 means that it knows the photos by heart",
        ),
        "losses": (
            _figure(story, "Losses", "loss", losses),
            "Losses of both networks, each against the other: neither falling nor rising tells quality",
        ),
        "slope": (
            _figure(story, "Slope at photos", "squared slope", {"r1": ""}),
            "Squared slope of the discriminator at photos, which R1 keeps small",
        ),
        "path": (
            _figure(story, "Path length", "mean length", {"path_length": ""}),
            "How far an image moves with a step of its latent, a running mean",
        ),
    }
    return {
        name: StudyFigure(name, shows, png_of(figure), svg_of(figure))
        for name, (figure, shows) in drawn.items()
        if figure is not None
    }


def _figure(
    story: FinetuningStory, title: str, up: str, lines: Mapping[str, str], *, from_zero: bool = True
) -> Figure | None:
    """Lines over the photos shown; None where the curve holds none of them.

    Args:
        story: The training.
        title: Of the figure.
        up: What the vertical axis shows.
        lines: Name in the curve -> name in the key; no key for ''.
        from_zero: Whether the vertical axis begins at 0.
    """
    held = {name: known(story.curve, name) for name in lines}
    held = {name: rows for name, rows in held.items() if rows}
    if not held:
        return None
    entries = [(lines[name], model_style(number)) for number, name in enumerate(lines) if name in held]
    target = story.sign_target if "sign_on_photos" in held else None
    key = [(words, style) for words, style in entries if words]
    key += [] if target is None else [(f"target of the sign, {target:g}", _TARGET)]
    key_height = KEY_ROW * len(key)
    figure = study_page(_WIDTH, _BOTTOM + _PLOT_HEIGHT + key_height + _HEAD, title)
    if story.demonstration:
        write(figure, _WIDTH - 20, 14, DEMONSTRATION, size=10, weight="bold", colour=NO_FINDING, across="right")
    axes = add_axes(figure, _LEFT, _BOTTOM, _WIDTH - _LEFT - _RIGHT, _PLOT_HEIGHT)
    per_tick = 1000 if max(rows[-1][0] for rows in held.values()) >= _THOUSANDS_FROM else 1
    for (_, style), rows in zip(entries, held.values(), strict=True):
        _draw_line(axes, rows, style, per_tick)
    if "kernel" in held:
        _draw_intervals(axes, story.curve, entries[0][1], per_tick)
    if target is not None:
        axes.axhline(target, color=_TARGET.colour, dashes=_TARGET.dashes, linewidth=1.8)
    _finish(axes, up, from_zero=from_zero, per_tick=per_tick)
    draw_key(figure, _LEFT, _BOTTOM + _PLOT_HEIGHT + 12 + key_height, key)
    return figure


def _draw_line(axes: Axes, rows: Sequence[tuple[float, ...]], style: LineStyle, per_tick: int) -> None:
    images, values = zip(*rows, strict=True)
    axes.plot(
        [count / per_tick for count in images],
        values,
        color=style.colour,
        dashes=style.dashes or (None, None),
        linewidth=2,
        marker="o" if len(rows) <= 30 else None,
        markersize=4,
        zorder=3,
    )


def _draw_intervals(axes: Axes, curve: Sequence[Mapping[str, float]], style: LineStyle, per_tick: int) -> None:
    rows = known(curve, "kernel_low", "kernel_high")
    axes.vlines(
        [images / per_tick for images, _, _ in rows],
        [low for _, low, _ in rows],
        [high for _, _, high in rows],
        color=style.colour,
        linewidth=1.4,
    )
    axes.axhline(0, color=QUIET_INK, linewidth=1)


def _finish(axes: Axes, up: str, *, from_zero: bool, per_tick: int) -> None:
    name_axes(axes, "photos shown (thousands)" if per_tick > 1 else "photos shown", up)
    axes.grid(visible=True, axis="y", color=GRID, linewidth=0.8)
    axes.margins(x=0.02)
    axes.ticklabel_format(axis="y", scilimits=(-3, 4))
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))
    if from_zero:
        axes.set_ylim(bottom=0, top=axes.get_ylim()[1] or 1)
