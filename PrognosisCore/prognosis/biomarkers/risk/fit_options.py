"""How a prognosis is fitted to features."""

from dataclasses import dataclass

from prognosis.biomarkers.endpoints import PAPER_ENDPOINTS
from prognosis.biomarkers.selection.options import SelectionOptions

_CENSORED = ("weighted", "complete")
_RIDGE_FOLDS = 5
"""Folds that choose the penalty of a ridge regression: each outcome needs as many patients."""


@dataclass(frozen=True)
class FitOptions:
    """Options of a fit; the selection's own are those of `SelectionOptions`.

    Args:
        folds: Parts the patients are split into for out-of-fold scores.
        fold_bootstraps: Resamples that choose features within a fold.
        refits: Fits to resampled patients, for intervals.
        censored: How regressions are fitted, recalibrated and measured: 'weighted' by the inverse probability of being
            uncensored, or on 'complete' cases only, as in the paper. Features are chosen on complete cases either way.
    """

    endpoints: tuple[str, ...] = tuple(one.key for one in PAPER_ENDPOINTS)
    disease_cause: str = "1"
    least_patients: int = 10
    least_active: float = 0.1
    penalty_fraction: float | None = None
    inner_folds: int = 5
    bootstraps: int = 1000
    top: int = 20
    folds: int = 5
    fold_bootstraps: int = 200
    refits: int = 200
    censored: str = "weighted"
    seed: int = 0

    def __post_init__(self) -> None:
        _ = self.selection  # refuses what it cannot be
        wrong = (
            (self.folds < 2, "folds are 2 or more"),
            (self.fold_bootstraps < 1, "fold_bootstraps are 1 or more"),
            (self.refits < 40, "refits are 40 or more, for an interval of 95 %"),
            (self.censored not in _CENSORED, f"censored is one of {', '.join(_CENSORED)}"),
        )
        for is_wrong, why in wrong:
            if is_wrong:
                raise ValueError(why)

    @property
    def selection(self) -> SelectionOptions:
        return self.selecting(self.bootstraps, self.seed)

    @property
    def inner_least_patients(self) -> int:
        """Patients needed with the event, and without, within a fold's training patients."""
        return max(self.least_patients // 2, self.inner_folds, _RIDGE_FOLDS)

    def selecting(self, bootstraps: int, seed: int) -> SelectionOptions:
        """How features are chosen."""
        return SelectionOptions(
            endpoints=self.endpoints,
            disease_cause=self.disease_cause,
            least_patients=self.least_patients,
            least_active=self.least_active,
            penalty_fraction=self.penalty_fraction,
            inner_folds=self.inner_folds,
            bootstraps=bootstraps,
            top=self.top,
            seed=seed,
            sensitivity=False,
        )
