"""How far a fit is, over all its LASSO fits."""

from prognosis.biomarkers.risk.fit_options import FitOptions
from prognosis.progress import Progress

_STEP = "fitting"


class FittingProgress:
    """Tells of the LASSO fits of all folds and of the fit to everybody as one.

    Args:
        progress: Told.
        options: How many resamples there are.
        parts: Endpoints times modalities: each is resampled once in every fold, and once more at the end.
    """

    def __init__(self, progress: Progress, options: FitOptions, *, parts: int) -> None:
        self._progress = progress
        self._ahead = [options.fold_bootstraps] * parts * options.folds + [options.bootstraps] * parts
        self._total = sum(self._ahead)
        self._before = 0
        progress(_STEP, 0, self._total)

    def __call__(self, step: str, done: int, total: int) -> None:
        """Take up what the choice of features tells of one endpoint and modality after the other."""
        del step
        if done == total and self._ahead:
            self._before += self._ahead.pop(0)
            done = 0
        self._progress(_STEP, min(self._before + done, self._total), self._total)

    def finish(self) -> None:
        """Tell that everything is done."""
        self._progress(_STEP, self._total, self._total)
