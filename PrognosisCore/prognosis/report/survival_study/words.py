"""The words and numbers of a study as a reader sees them."""

import math
import re

from prognosis.survival.estimate import Estimate
from prognosis.survival.evaluation.study_results import ModelResult, Study

NOT_ESTIMABLE = "not estimable"
NONE = "–"
_TITLES = {
    "c_index": "C-index",
    "ipcw_c_index": "C-index (IPCW)",
    "auc": "AUC",
    "brier": "Brier score",
    "scaled_brier": "Scaled Brier score",
    "integrated_brier": "Integrated Brier score",
    "scaled_integrated_brier": "Scaled integrated Brier score",
    "calibration_slope": "Calibration slope",
    "calibration_intercept": "Calibration intercept",
}
_BETTER = {
    "brier": "lower",
    "integrated_brier": "lower",
    "calibration_slope": "near 1",
    "calibration_intercept": "near 0",
}


def judged_models(study: Study) -> list[ModelResult]:
    """The models that order patients; the reference says the same of all."""
    return [model for model in study.models if "c_index" in model.metrics]


def reference_model(study: Study) -> ModelResult | None:
    """The model that says the same of every patient."""
    return next((model for model in study.models if "c_index" not in model.metrics), None)


def model_title(study: Study, name: str) -> str:
    """The title of a model by its key."""
    return next((model.title for model in study.models if model.name == name), name)


def metric_title(metric: str) -> str:
    """A metric's name for people: 'auc_3y' is 'AUC at 3 years'."""
    kind, horizon = _parts(metric)
    title = _TITLES.get(kind, kind.replace("_", " "))
    return title if horizon is None else f"{title} at {years_words(horizon)}"


def better(metric: str) -> str:
    """Which way a metric is better: 'higher', 'lower', 'near 1' or 'near 0'."""
    return _BETTER.get(_parts(metric)[0], "higher")


def years_words(years: int) -> str:
    """'1 year', '3 years'."""
    return "1 year" if years == 1 else f"{years} years"


def number(value: float, digits: int = 3) -> str:
    """A number with a true minus sign, never '-0.000'; words where there is none."""
    if not math.isfinite(value):
        return NOT_ESTIMABLE
    return f"{round(value, digits) + 0.0:.{digits}f}".replace("-", "\u2212")


def interval(estimate: Estimate, digits: int = 3) -> str:
    """'0.612 to 0.690'."""
    if not (math.isfinite(estimate.low) and math.isfinite(estimate.high)):
        return f"interval {NOT_ESTIMABLE}"
    return f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"


def value_and_interval(estimate: Estimate, digits: int = 3) -> str:
    """'0.651 (0.612 to 0.690)'."""
    if not math.isfinite(estimate.value):
        return NOT_ESTIMABLE
    return f"{number(estimate.value, digits)} ({interval(estimate, digits)})"


def p_words(p_value: float | None) -> str:
    """A p-value with as many digits as matter."""
    if p_value is None:
        return NONE
    if not math.isfinite(p_value):
        return NOT_ESTIMABLE
    return f"{p_value:.3f}" if p_value >= 0.0095 else f"{p_value:.2g}"


def _parts(metric: str) -> tuple[str, int | None]:
    found = re.fullmatch(r"(.+)_(\d+)y", metric)
    return (metric, None) if found is None else (found[1], int(found[2]))
