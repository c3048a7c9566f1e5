"""The cohort, the way it was judged and what was assumed, in words and tables."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from prognosis.cohort.columns import CategoryColumn, Column, NumberColumn
from prognosis.cohort.survival_table import SurvivalTable
from prognosis.survival.evaluation.study_results import Characteristic, FlowStep
from prognosis.survival.evaluation.validation import Split
from prognosis.survival.metrics.kaplan_meier import median_follow_up

Rows = NDArray[np.int64]

ASSUMPTIONS = (
    ("Censoring is independent of the outcome given the covariates", "assumed by every figure; it cannot be tested"),
    ("Hazards are proportional in the risk", "assumed by Cox, DeepSurv and the calibration slope"),
    ("Empty cells are filled with the training patients' median or commonest category", "our choice"),
    ("Ties in time: Breslow", "our choice"),
    ("Ties in risk count half in every C-index", "the definition"),
    ("The IPCW figures stop where a tenth of training or of tested patients is still uncensored", "our choice"),
    ("Risk groups are cut at quantiles of risks of training patients who were left out of the fit", "our choice"),
    ("Slope (0 at least) and baseline hazard of every survival curve come from those risks too", "our choice"),
)


def describe_flow(table: SurvivalTable, splits: Sequence[Split]) -> tuple[FlowStep, ...]:
    """From rows of the table to patients tested."""
    everybody = FlowStep("patients in the table", len(table.event), int(table.event.sum()))
    if table.split is not None:
        sides = (("training patients", splits[0].training), ("test patients", splits[0].test))
        return (everybody, *(FlowStep(label, len(rows), int(table.event[rows].sum())) for label, rows in sides))
    folds = (
        FlowStep(f"tested in fold {number + 1}", len(split.test), int(table.event[split.test].sum()))
        for number, split in enumerate(splits)
    )
    return (everybody, *folds)


def describe_cohort(
    table: SurvivalTable, splits: Sequence[Split]
) -> tuple[tuple[str, ...], tuple[Characteristic, ...]]:
    """Headings and rows of the cohort table: all patients, then by split or by event."""
    everybody = np.arange(len(table.event))
    by_split = table.split is not None
    if by_split:
        headings, sides = ("all", "train", "test"), (everybody, splits[0].training, splits[0].test)
    else:
        headings = ("all", "with event", "censored")
        sides = (everybody, np.flatnonzero(table.event), np.flatnonzero(~table.event))
    rows = [
        Characteristic("patients", tuple(str(len(side)) for side in sides), 0),
        Characteristic("events", tuple(_share(int(table.event[side].sum()), len(side)) for side in sides), 0),
        Characteristic(
            "median follow-up, days (reverse Kaplan-Meier)",
            tuple(
                # Among patients chosen by their outcome it means nothing.
                _days(median_follow_up(table.time_days[side], table.event[side])) if whole else ""
                for side, whole in zip(sides, (True, by_split, by_split), strict=True)
            ),
            0,
        ),
    ]
    for column in table.columns:
        rows += _characteristics(column, sides)
    return headings, tuple(rows)


def describe_validation(table: SurvivalTable, splits: Sequence[Split], seed: int) -> str:
    """How patients were kept apart."""
    if table.split is not None:
        return "the table's own split into training and test patients"
    matched = "event, follow-up time and group" if len(np.unique(table.group)) > 1 else "event and follow-up time"
    return f"{len(splits)}-fold cross-validation by patient, folds matched on {matched}, seed {seed}"


def methods_paragraph(
    table: SurvivalTable,
    validation: str,
    titles: Sequence[str],
    *,
    seeds: int,
    bootstraps: int,
    tau_days: float,
    horizons_years: Sequence[int],
) -> str:
    """What was done, ready to be adapted for a manuscript."""
    years = ", ".join(str(year) for year in horizons_years)
    at = f" at {years} {'year' if years == '1' else 'years'}" if years else ""
    sentences = (
        f"{len(table.event)} patients with {int(table.event.sum())} events and {len(table.columns)} covariates were "
        f"studied.",
        f"Models ({' and '.join(titles)}) were judged by {validation}.",
        "Standardisation, filling of empty cells, penalties, network sizes and numbers of epochs were chosen on "
        "training patients only.",
        "Discrimination was measured by Harrell's C-index, with pairs of patients compared within a fold only; by "
        f"Uno's IPCW C-index up to {tau_days:.0f} days{f' and by cumulative/dynamic AUC{at}' if at else ''}, averaged "
        "over folds by patients.",
        f"Accuracy was measured by the IPCW Brier score{f'{at}, and' if at else ','} integrated from 0 to "
        f"{tau_days:.0f} days, beside that of the Kaplan-Meier curve of the training patients.",
        "Calibration was measured by the Cox slope of the predicted log hazard"
        f"{f' and by observed less predicted events{at}' if at else ''}.",
        "The censoring distribution was estimated on training patients.",
        f"Networks were trained with {seeds} {'seed' if seeds == 1 else 'seeds'}, over which each metric was averaged "
        "before anything else.",
        f"Intervals are the 2.5th to 97.5th percentiles of {bootstraps} resamples of tested patients within folds, the "
        "same resamples for all models; they leave out the variance of training.",
        "The primary contrast, DeepSurv less Cox in Harrell's C-index, was declared beforehand; the p-values of the "
        "others are adjusted by Holm's method.",
    )
    return " ".join(sentences)


def _characteristics(column: Column, sides: Sequence[Rows]) -> list[Characteristic]:
    if isinstance(column, NumberColumn):
        missing = int(np.isnan(column.values).sum())
        return [Characteristic(column.name, tuple(_quartiles(column.values[side]) for side in sides), missing)]
    return _categories(column, sides)


def _categories(column: CategoryColumn, sides: Sequence[Rows]) -> list[Characteristic]:
    missing = int((column.values == "").sum())
    return [
        Characteristic(
            f"{column.name} = {category}",
            tuple(_share(int((column.values[side] == category).sum()), len(side)) for side in sides),
            missing,
        )
        for category in np.unique(column.values[column.values != ""])
    ]


def _quartiles(values: NDArray[np.float64]) -> str:
    known = values[np.isfinite(values)]
    if not len(known):
        return "none known"
    low, middle, high = np.percentile(known, [25, 50, 75])
    return f"{middle:.4g} ({low:.4g} to {high:.4g})"


def _share(count: int, of: int) -> str:
    return f"{count} ({count / of:.0%})" if of else "0"


def _days(days: float) -> str:
    return f"{days:.0f}" if np.isfinite(days) else "not reached"
