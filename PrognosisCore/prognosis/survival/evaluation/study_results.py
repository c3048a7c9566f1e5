"""What an evaluation of survival models yields. Files, figures and the report are all drawn from these."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prognosis.survival.curves import CalibrationGroup, Curve, DecisionCurve
from prognosis.survival.estimate import Estimate


@dataclass(frozen=True)
class FlowStep:
    """One box of the flow of patients.

    Args:
        label: What the patients of this box have in common, such as 'rows in the table' or 'test'.
        patients: How many.
        events: Of whom with an event.
    """

    label: str
    patients: int
    events: int


@dataclass(frozen=True)
class Characteristic:
    """A row of the cohort table.

    Args:
        name: The column, with the category where it has categories ('sex = male').
        values: One text a column of the cohort table, such as '62 (54-70)' or '33 (41 %)'.
        missing: Empty cells.
    """

    name: str
    values: tuple[str, ...]
    missing: int


@dataclass(frozen=True)
class ModelResult:
    """What one model reached on patients it never saw.

    Args:
        name: Key in `results.json`, such as 'coxph'.
        title: For figures and tables, such as 'Cox (ridge)'.
        metrics: Name -> estimate: 'c_index', 'ipcw_c_index', 'auc_1y', 'brier_1y', 'scaled_brier_1y',
            'integrated_brier', 'scaled_integrated_brier', 'calibration_slope', 'calibration_intercept_1y' (1, 3 and 5
            years as far as follow-up goes). The mean over seeds; the Kaplan-Meier reference has Brier scores only.
        over_seeds: Name -> the metric of each training seed; empty for a model without a seed.
        chosen: What was chosen on training patients, in words, a line a fold.
        risk_groups: Label -> curve, lowest risk first; cut-offs come from training patients.
        calibration: Horizon in years -> groups in order of prediction.
        decision: Horizon in years -> decision curve.
    """

    name: str
    title: str
    metrics: Mapping[str, Estimate]
    over_seeds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    chosen: tuple[str, ...] = ()
    risk_groups: Mapping[str, Curve] = field(default_factory=dict)
    calibration: Mapping[int, tuple[CalibrationGroup, ...]] = field(default_factory=dict)
    decision: Mapping[int, DecisionCurve] = field(default_factory=dict)


@dataclass(frozen=True)
class Comparison:
    """A paired comparison of two models on the same patients and resamples.

    Args:
        metric: Such as 'c_index'.
        model: Key of the first model.
        against: Key of the second.
        difference: First minus second.
        p_value: Two-sided, from the resamples.
        p_adjusted: Holm's over all but the primary contrast; None for the primary.
    """

    metric: str
    model: str
    against: str
    difference: Estimate
    p_value: float
    p_adjusted: float | None

    @property
    def primary(self) -> bool:
        """Whether this is the one contrast declared beforehand."""
        return self.p_adjusted is None


@dataclass(frozen=True)
class Study:
    """Everything `prognosis survival evaluate` writes.

    Args:
        validation: How patients were kept apart, in words: '5-fold cross-validation, …' or 'the table's split'.
        flow: Boxes of the flow, in order.
        cohort_columns: Headings of the cohort table, such as ('all', 'train', 'test').
        cohort: Its rows.
        overall: Kaplan-Meier curve of all patients that were tested.
        median_follow_up_days: By reverse Kaplan-Meier over all patients; NaN where it is not reached.
        horizons_years: At which years models were judged.
        tau_days: To which time the integrated Brier score and the IPCW C-index go.
        models: The reference first.
        comparisons: The primary contrast first.
        assumptions: (assumption, where it comes from) rows.
        methods: The methods paragraph.
        warnings: What the reader should know.
        seed: Seed of everything random.
        bootstraps: Resamples of patients.
        versions: Program and library versions.
        table_sha256: Hash of the table's bytes.
    """

    validation: str
    flow: tuple[FlowStep, ...]
    cohort_columns: tuple[str, ...]
    cohort: tuple[Characteristic, ...]
    overall: Curve
    median_follow_up_days: float
    horizons_years: tuple[int, ...]
    tau_days: float
    models: tuple[ModelResult, ...]
    comparisons: tuple[Comparison, ...]
    assumptions: tuple[tuple[str, str], ...]
    methods: str
    warnings: tuple[str, ...]
    seed: int
    bootstraps: int
    versions: Mapping[str, str]
    table_sha256: str
