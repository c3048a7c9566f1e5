"""The numbers of a study as a JSON document and as tables."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from prognosis.report.survival_study.words import judged_models
from prognosis.survival.curves import Curve
from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import Comparison, ModelResult, Study

Table = tuple[Sequence[str], Sequence[Sequence[object]]]


def study_document(study: Study) -> dict[str, Any]:
    """Write a study as what JSON can hold; a figure that could not be had is None.

    Returns:
        `models.<name>.<metric>` holds `estimate`, `low`, `high` and, for a model with training seeds, `over_seeds`.
    """
    return {
        "validation": study.validation,
        "flow": [
            {"label": step.label, "patients": int(step.patients), "events": int(step.events)} for step in study.flow
        ],
        "cohort": {
            "columns": list(study.cohort_columns),
            "rows": [
                {"name": row.name, "values": list(row.values), "missing": int(row.missing)} for row in study.cohort
            ],
        },
        "median_follow_up_days": _known(study.median_follow_up_days),
        "horizons_years": [int(year) for year in study.horizons_years],
        "tau_days": _known(study.tau_days),
        "models": {model.name: _metrics(model) for model in study.models},
        "model_details": {
            model.name: {"title": model.title, "chosen": list(model.chosen), "risk_groups": _groups(model)}
            for model in study.models
        },
        "comparisons": [_comparison(comparison) for comparison in study.comparisons],
        "assumptions": [{"assumption": what, "source": source} for what, source in study.assumptions],
        "methods": study.methods,
        "warnings": list(study.warnings),
        "seed": int(study.seed),
        "bootstraps": int(study.bootstraps),
        "versions": dict(study.versions),
        "table_sha256": study.table_sha256,
    }


def study_tables(study: Study) -> Mapping[str, Table]:
    """The study's tables: name of a CSV file -> (header, rows). None is an empty cell."""
    return {
        "metrics.csv": (
            ("model", "metric", "estimate", "low", "high", "seeds", "lowest_seed", "highest_seed"),
            list(_metric_rows(study)),
        ),
        "kaplan_meier.csv": (
            ("curve", "time_days", "survival", "low", "high", "at_risk"),
            [row for name, curve in _curves(study) for row in _curve_rows(name, curve)],
        ),
        "calibration.csv": (
            ("model", "horizon_years", "group", "patients", "predicted", "observed", "low", "high"),
            list(_calibration_rows(study)),
        ),
        "decision_curve.csv": (
            ("model", "horizon_years", "threshold", "net_benefit", "act_on_all", "act_on_none"),
            list(_decision_rows(study)),
        ),
        "comparisons.csv": (
            ("metric", "model", "against", "difference", "low", "high", "p_value", "p_adjusted", "primary"),
            [_comparison_row(comparison) for comparison in study.comparisons],
        ),
        "cohort.csv": (
            ("characteristic", *study.cohort_columns, "missing"),
            [(row.name, *row.values, row.missing) for row in study.cohort],
        ),
        "flow.csv": (
            ("step", "patients", "events"),
            [(step.label, step.patients, step.events) for step in study.flow],
        ),
    }


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _estimate(estimate: Estimate) -> tuple[float | None, float | None, float | None]:
    return _known(estimate.value), _known(estimate.low), _known(estimate.high)


def _named(estimate: Estimate) -> dict[str, float | None]:
    return dict(zip(("estimate", "low", "high"), _estimate(estimate), strict=True))


def _metrics(model: ModelResult) -> dict[str, dict[str, Any]]:
    written: dict[str, dict[str, Any]] = {name: _named(estimate) for name, estimate in model.metrics.items()}
    for name, seeds in model.over_seeds.items():
        if seeds and name in written:
            written[name]["over_seeds"] = [_known(value) for value in seeds]
    return written


def _groups(model: ModelResult) -> dict[str, dict[str, int]]:
    return {
        label: {"patients": int(curve.patients), "events": int(curve.events)}
        for label, curve in model.risk_groups.items()
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    value, low, high = _estimate(comparison.difference)
    return {
        "metric": comparison.metric,
        "model": comparison.model,
        "against": comparison.against,
        "difference": {"estimate": value, "low": low, "high": high},
        "p_value": _known(comparison.p_value),
        "p_adjusted": None if comparison.p_adjusted is None else _known(comparison.p_adjusted),
        "primary": comparison.primary,
    }


def _comparison_row(comparison: Comparison) -> Sequence[object]:
    p_adjusted = None if comparison.p_adjusted is None else _known(comparison.p_adjusted)
    return (
        comparison.metric,
        comparison.model,
        comparison.against,
        *_estimate(comparison.difference),
        _known(comparison.p_value),
        p_adjusted,
        "yes" if comparison.primary else "no",
    )


def _metric_rows(study: Study) -> Iterator[Sequence[object]]:
    for model in study.models:
        for name, estimate in model.metrics.items():
            seeds = [value for value in model.over_seeds.get(name, ()) if math.isfinite(value)]
            ends = (len(seeds), min(seeds), max(seeds)) if seeds else (None, None, None)
            yield (model.name, name, *_estimate(estimate), *ends)


def _curves(study: Study) -> Iterator[tuple[str, Curve]]:
    yield "all tested patients", study.overall
    for model in judged_models(study):
        for label, curve in model.risk_groups.items():
            yield f"{model.name}: {label}", curve


def _curve_rows(name: str, curve: Curve) -> Iterator[Sequence[object]]:
    for days, survival, low, high, at_risk in zip(
        curve.times_days, curve.survival, curve.low, curve.high, curve.at_risk, strict=True
    ):
        yield (name, _known(days), _known(survival), _known(low), _known(high), int(at_risk))


def _calibration_rows(study: Study) -> Iterator[Sequence[object]]:
    for model in study.models:
        for year, groups in model.calibration.items():
            for number, group in enumerate(groups, start=1):
                yield (
                    model.name,
                    year,
                    number,
                    group.patients,
                    _known(group.predicted),
                    *_estimate(group.observed),
                )


def _decision_rows(study: Study) -> Iterator[Sequence[object]]:
    for model in study.models:
        for year, curve in model.decision.items():
            for threshold, benefit, everybody in zip(
                curve.thresholds, curve.net_benefit, curve.act_on_all, strict=True
            ):
                yield (model.name, year, _known(threshold), _known(benefit), _known(everybody), 0.0)
