"""The gallery of what bottleneck features answer to: a row of three slices for each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.markers import CARETDOWN, CARETLEFT, CARETRIGHT, CARETUP
from numpy.typing import NDArray

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.maximising_features import MaximisedFeature
from prognosis.report.canvas import FONT, draw_watermark, drawable, new_figure, png_of
from prognosis.report.wording import DEMONSTRATION, RESEARCH_USE

FEATURES_A_PAGE = 8

_BACKGROUND, _INK, _QUIET_INK, _MARK = "#0d0f12", "#eceff3", "#aab2bd", "#ffd24a"
_SCALE = 4
_SIDE, _GAP, _TITLE, _BELOW, _FOOT = 30, 44, 66, 34, 60
_PLANES = ("axial", "coronal", "sagittal")
_UNIT = {Modality.CT: "HU", Modality.PET: "SUV"}


@dataclass(frozen=True)
class _Slice:
    """A picture, and the row and column its marks point at."""

    values: NDArray[np.float32]
    target: tuple[int, int]


def draw_gallery(features: Sequence[MaximisedFeature]) -> list[bytes]:
    """Draw features, at most eight a page.

    Each row shows the axial, coronal and sagittal slice through the middle of what the feature looks at, which marks
    outside the frames point at; the patient's right is on the left, as in radiology. Each row says what its black and
    white stand for. A feature that was never active has no picture.

    Returns:
        PNGs, a page each.
    """
    starts = range(0, len(features), FEATURES_A_PAGE)
    return [png_of(gallery_page(features[start : start + FEATURES_A_PAGE])) for start in starts]


def gallery_page(features: Sequence[MaximisedFeature]) -> Figure:
    """The page that `draw_gallery` draws of up to eight features."""
    depth, height, width = (_SCALE * size for size in features[0].values.shape)
    row = _TITLE + height + _BELOW
    page = new_figure(2 * _SIDE + 2 * _GAP + 2 * width + height, _FOOT + row * len(features), background=_BACKGROUND)
    boxes = ((_SIDE, width, height), (_SIDE + width + _GAP, width, depth), (_SIDE + 2 * (width + _GAP), height, depth))
    for number, feature in enumerate(features):
        bottom = _FOOT + row * (len(features) - 1 - number) + _BELOW
        _write(page, _SIDE, bottom + height + 32, _title(feature), size=13, weight="bold")
        _write(page, _SIDE, bottom + height + 11, _subtitle(feature), size=10, ink=_QUIET_INK)
        if feature.result.dead:
            _write(page, _SIDE, bottom + height / 2, "Never active on the way: nothing to show.", size=12)
            continue
        for plane, (left, wide, high), cut in zip(_PLANES, boxes, _slices(feature), strict=True):
            below = bottom + (height - high) / 2
            _draw(page, (left, below, wide, high), cut, feature)
            _write(page, left, below - 28, plane, size=10, ink=_QUIET_INK)
    _draw_foot(page, features)
    return page


def _title(one: MaximisedFeature) -> str:
    z, y, x = one.feature.position
    return (
        f"{one.feature.name} · {one.feature.modality.shown} · channel {one.feature.channel} · "
        f"position z {z}, y {y}, x {x} · activation {one.result.best:.3g}"
    )


def _subtitle(one: MaximisedFeature) -> str:
    low, high = _greys(one)
    k, j, i = one.field.voxel
    return (
        f"black {low:.3g} to white {high:.3g} {_UNIT[one.feature.modality]} · slices through voxel "
        f"({i}, {j}, {k}) of 96 x 96 x 48 · activation of faint noise {one.result.activations[0]:.3g}"
    )


def _greys(one: MaximisedFeature) -> tuple[float, float]:
    """Values shown black and white: of what the slices hold, all but the most extreme half percent at either end."""
    low, high = np.percentile(np.concatenate([cut.values.ravel() for cut in _slices(one)]), [0.5, 99.5])
    return float(low), float(high)


def _slices(one: MaximisedFeature) -> tuple[_Slice, _Slice, _Slice]:
    k, j, i = one.field.voxel
    from_top = one.values.shape[0] - 1 - k
    return (
        _Slice(one.values[k], (j, i)),
        _Slice(one.values[::-1, j], (from_top, i)),
        _Slice(one.values[::-1, :, i], (from_top, j)),
    )


def _draw(page: Figure, where: tuple[float, float, float, float], cut: _Slice, one: MaximisedFeature) -> None:
    left, bottom, width, height = where
    across, up = page.get_size_inches() * page.dpi
    axes = page.add_axes((left / across, bottom / up, width / across, height / up))
    low, high = _greys(one)
    axes.imshow(cut.values, cmap="gray", vmin=low, vmax=high, interpolation="nearest", aspect="auto")
    axes.set_xticks([])
    axes.set_yticks([])
    _draw_marks(axes, cut.target)


def _draw_marks(axes: Axes, target: tuple[int, int]) -> None:
    above, beside = axes.get_xaxis_transform(), axes.get_yaxis_transform()
    for place, transform, marker in (
        ((target[1], 1.0), above, CARETDOWN),
        ((target[1], 0.0), above, CARETUP),
        ((0.0, target[0]), beside, CARETRIGHT),
        ((1.0, target[0]), beside, CARETLEFT),
    ):
        axes.plot([place[0]], [place[1]], transform=transform, marker=marker, markersize=8, color=_MARK, clip_on=False)


def _draw_foot(page: Figure, features: Sequence[MaximisedFeature]) -> None:
    networks = {one.segmenter.used.name: one.segmenter.used for one in features}
    _write(page, _SIDE, 22, RESEARCH_USE, size=11, weight="bold")
    across = page.get_size_inches()[0] * page.dpi
    named = drawable(f"synthetic regions, no patient · {', '.join(networks)}", limit=90)
    _write(page, across - _SIDE, 22, named, size=11, across="right", ink=_QUIET_INK)
    if any(network.demonstration for network in networks.values()):
        draw_watermark(page, DEMONSTRATION, colour="white")


def _write(
    page: Figure,
    left: float,
    bottom: float,
    text: str,
    *,
    size: int,
    weight: str = "normal",
    across: str = "left",
    ink: str = _INK,
) -> None:
    width, height = page.get_size_inches() * page.dpi
    page.text(
        left / width,
        bottom / height,
        drawable(text),
        ha=across,
        va="bottom",
        fontsize=size,
        fontweight=weight,
        family=FONT,
        color=ink,
        parse_math=False,
    )
