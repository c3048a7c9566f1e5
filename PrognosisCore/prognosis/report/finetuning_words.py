"""What the report of a generator's training says, in words."""

import math
from collections.abc import Mapping, Sequence

from prognosis.bundles.manifest import Metric
from prognosis.report.selection_study.rows import Headline
from prognosis.report.survival_study.words import NONE, number, value_and_interval
from prognosis.survival.estimate import Estimate

_LATEST = 0.2
_NEAR = 0.1
_BY_HEART = 0.8
_ALL_BUT_ALWAYS = 0.8


def headlines(curve: Sequence[Mapping[str, float]], sign_target: float | None) -> list[Headline]:
    """How far generated faces are from photos, and whether the discriminator knows the photos by heart."""
    return [*_distance(curve), *_overfitting(curve, sign_target)]


def known(curve: Sequence[Mapping[str, float]], *names: str) -> list[tuple[float, ...]]:
    """(images, value of each name) of the records that hold finite values of all the names."""
    rows = [tuple(float(record.get(name, math.nan)) for name in ("images", *names)) for record in curve]
    return [row for row in rows if all(math.isfinite(value) for value in row)]


def shown_words(images: int) -> str:
    """'before training', 'after 12,000 photos'."""
    return f"after {images:,} photos" if images else "before training"


def metric_rows(metrics: Mapping[str, Metric]) -> list[tuple[str, str, str, str]]:
    """(name, value with interval, on how many, how)."""
    return [(_spoken(name), _value(metric), f"{metric.n:,}", metric.how or NONE) for name, metric in metrics.items()]


def option_rows(options: Mapping[str, object]) -> list[tuple[str, str]]:
    """(option, value)."""
    return [(_spoken(name), _told(value)) for name, value in options.items()]


def _distance(curve: Sequence[Mapping[str, float]]) -> list[Headline]:
    measured = known(curve, "kernel", "kernel_low", "kernel_high")
    if not measured:
        return []
    began = round(measured[0][0])
    start, end = Estimate(*measured[0][1:]), Estimate(*measured[-1][1:])
    figure = f"Kernel distance {value_and_interval(end)}"
    if len(measured) == 1:
        return [Headline("Generated faces beside photos", figure, "0 is expected of faces of the same origin.")]
    meaning = f"It was {value_and_interval(start)} {shown_words(began)}; 0 is expected of faces of the same origin."
    if end.high < start.low:
        meaning = f"{meaning} Generated faces came nearer to the photos."
    elif end.low > start.high:
        meaning = f"{meaning} Generated faces went away from the photos: this training did harm."
    else:
        meaning = f"{meaning} The intervals overlap: it was not shown that training changed the distance."
    nearest = min(measured, key=lambda row: row[1])
    if nearest[3] < end.low:
        meaning = f"{meaning} They were nearest {shown_words(round(nearest[0]))}: a shorter training is better."
    return [Headline("Generated faces beside photos", figure, meaning)]


def _overfitting(curve: Sequence[Mapping[str, float]], target: float | None) -> list[Headline]:
    signs = [value for _, value in known(curve, "sign_on_photos")]
    if not signs:
        return []
    sign = _latest(signs)
    figure = f"Mean sign on photos {number(sign, 2)}"
    often = [value for _, value in known(curve, "probability")]
    if target is not None and often:
        figure = f"{figure}, target {number(target, 2)}; changes {100 * _latest(often):.0f} % of the time"
    return [Headline("What the discriminator remembers", figure, _memory(sign, target, _latest(often) if often else 0))]


def _memory(sign: float, target: float | None, often: float) -> str:
    meaning = "1 means that the discriminator takes every photo for a photo, as one does that knows them by heart."
    if target is not None and often > _ALL_BUT_ALWAYS:
        return f"{meaning} Augmentation is all but always on: there are too few photos for so long a training."
    if target is not None and abs(sign - target) <= _NEAR:
        return f"{meaning} Adaptive augmentation held it at its target."
    if target is not None and sign < target:
        return f"{meaning} It stayed below the target: the photos were enough without augmentation."
    if target is not None:
        return f"{meaning} It is above the target: augmentation was still growing."
    if sign >= _BY_HEART:
        return f"{meaning} It all but does: give more photos, more augmentation, or a shorter training."
    return meaning


def _latest(values: Sequence[float]) -> float:
    """Mean over the last fifth of the records."""
    some = values[-max(1, round(len(values) * _LATEST)) :]
    return sum(some) / len(some)


def _value(metric: Metric) -> str:
    if metric.low == metric.high:
        return number(metric.estimate)
    return value_and_interval(Estimate(metric.estimate, metric.low, metric.high))


def _spoken(name: str) -> str:
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)
