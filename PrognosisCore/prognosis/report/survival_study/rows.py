"""The headlines and table cells of a study's page."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from prognosis.report.survival_study.words import (
    NONE,
    NOT_ESTIMABLE,
    better,
    interval,
    judged_models,
    metric_title,
    model_title,
    number,
    p_words,
    value_and_interval,
    years_words,
)
from prognosis.survival.calibration import DAYS_PER_YEAR
from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import ModelResult, Study


@dataclass(frozen=True)
class Headline:
    """What a model reached, in a line, and what that means."""

    model: str
    figure: str
    meaning: str


@dataclass(frozen=True)
class Cell:
    """A figure, its interval and its spread over training seeds; the latter two may be empty."""

    value: str
    interval: str = ""
    seeds: str = ""


@dataclass(frozen=True)
class MetricTable:
    """Models by metrics of one kind."""

    title: str
    note: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True)
class ComparisonRow:
    """A comparison as the reader sees it, all cells as text."""

    metric: str
    models: str
    better: str
    difference: str
    p_value: str
    p_adjusted: str
    primary: bool


def headlines(study: Study) -> list[Headline]:
    """The C-index of each model in plain words."""
    return [
        Headline(model.title, _c_index(model.metrics["c_index"]), _meaning(model.metrics["c_index"]))
        for model in judged_models(study)
    ]


def metric_tables(study: Study) -> list[MetricTable]:
    """Ranking, error and calibration; a kind without figures is left out."""
    years = study.horizons_years
    kinds = (
        (
            "Ranking",
            "0.5 is chance, 1 is a perfect order.",
            ("c_index", "ipcw_c_index", *(f"auc_{year}y" for year in years)),
        ),
        (
            "Error of predicted survival",
            "Brier scores: the mean squared error of predicted survival, lower is better. The Kaplan-Meier row "
            "predicts the same curve for everybody and is what a model must beat. Whether it does, "
            "the scaled scores tell: these intervals may overlap all the same, for the patients are the same.",
            (*(f"brier_{year}y" for year in years), "integrated_brier"),
        ),
        (
            "Error against Kaplan-Meier",
            "Scaled Brier scores: the part of the Kaplan-Meier curve's error that a model takes away. 0 is no better, "
            "below 0 is worse, 1 is perfect.",
            (*(f"scaled_brier_{year}y" for year in years), "scaled_integrated_brier"),
        ),
        (
            "Calibration",
            "A slope of 1 is right; below 1, predictions are too extreme. An intercept is observed less predicted "
            "probability: 0 is right; at 0.050, of 100 patients 5 more had the event than predicted.",
            ("calibration_slope", *(f"calibration_intercept_{year}y" for year in years)),
        ),
    )
    tables = [_metric_table(study.models, *kind) for kind in kinds]
    return [table for table in tables if table.rows]


def comparison_rows(study: Study) -> list[ComparisonRow]:
    """All comparisons in the order of the study."""
    return [
        ComparisonRow(
            metric=metric_title(one.metric),
            models=f"{model_title(study, one.model)} \u2212 {model_title(study, one.against)}",
            better=better(one.metric),
            difference=value_and_interval(one.difference),
            p_value=p_words(one.p_value),
            p_adjusted=p_words(one.p_adjusted),
            primary=one.primary,
        )
        for one in study.comparisons
    ]


def smallest_p(study: Study) -> str:
    """The smallest p-value the resamples can give."""
    return p_words(min(1.0, 2 / (study.bootstraps + 1)))


def chosen_rows(study: Study) -> list[tuple[str, tuple[str, ...]]]:
    """What was chosen on training patients, the same choice of several folds told once."""
    return [(model.title, _told_once(model.chosen)) for model in study.models if model.chosen]


def duration(days: float) -> str:
    """Days in words, with years where there are any."""
    if not math.isfinite(days):
        return "not reached"
    text = f"{days:.0f} days"
    return text if days < DAYS_PER_YEAR else f"{days / DAYS_PER_YEAR:.1f} years ({text})"


def horizons(study: Study) -> str:
    """The horizons in words."""
    years = study.horizons_years
    if not years:
        return "none: follow-up is too short"
    return years_words(years[0]) if len(years) == 1 else f"{', '.join(str(year) for year in years)} years"


def _c_index(estimate: Estimate) -> str:
    return f"C-index {value_and_interval(estimate, 2)}"


def _meaning(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "No two patients could be compared."
    pairs = round(100 * estimate.value)
    text = (
        f"Of two patients, the one with the higher risk has the event first in {pairs} of 100 pairs; a coin reaches 50."
    )
    if estimate.high < 0.5:
        return f"{text} The order is worse than chance."
    if estimate.low <= 0.5:
        return f"{text} The interval includes 50: it was not shown to order patients."
    return text


def _metric_table(models: Sequence[ModelResult], title: str, note: str, metrics: Sequence[str]) -> MetricTable:
    shown = [name for name in metrics if any(name in model.metrics for model in models)]
    rows = tuple(
        (model.title, tuple(_cell(model, name) for name in shown))
        for model in models
        if any(name in model.metrics for name in shown)
    )
    return MetricTable(title, note, tuple(metric_title(name) for name in shown), rows)


def _cell(model: ModelResult, metric: str) -> Cell:
    estimate = model.metrics.get(metric)
    if estimate is None:
        return Cell(NONE)
    if not math.isfinite(estimate.value):
        return Cell(NOT_ESTIMABLE)
    seeds = [value for value in model.over_seeds.get(metric, ()) if math.isfinite(value)]
    spread = f"seeds {number(min(seeds))} to {number(max(seeds))}" if len(seeds) > 1 else ""
    return Cell(number(estimate.value), interval(estimate), spread)


def _told_once(lines: Sequence[str]) -> tuple[str, ...]:
    counts = {line: lines.count(line) for line in lines}
    return tuple(line if count == 1 else f"{line} ({count} times)" for line, count in counts.items())
