"""How well scores of a horizon endpoint tell patients with the event from those without, fold by fold."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.estimate import Estimate, draw_patients, estimate
from prognosis.survival.outcomes import checked_risk

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class HorizonAUC:
    """Cumulative AUC over pairs of patients of the same fold; called with multiplicities, that of a resample.

    A pair of a patient with the event and one without counts the product of their weights, so that with
    `HorizonEndpoint.weight` patients censored early are made up for (Uno et al., JASA 2007;102:527).

    Args:
        parts: For each fold its patients, weights of those with the event and of those without, and (cases, controls)
            1 where the case's score is higher, 1/2 at a tie.
    """

    parts: tuple[tuple[NDArray[np.int64], Vector, NDArray[np.int64], Vector, NDArray[np.float32]], ...]

    @staticmethod
    def of(score: ArrayLike, label: ArrayLike, weight: ArrayLike, fold: ArrayLike) -> "HorizonAUC":
        """Compare all pairs once.

        Args:
            score: (n,) higher means the event.
            label: (n,) whether the event was seen by the horizon.
            weight: (n,) 0 where that is not known.
            fold: (n,) which model gave the score; scales of models differ.
        """
        label, fold = np.asarray(label, bool), np.asarray(fold)
        score, weight = checked_risk(score, len(label)), np.asarray(weight, float)
        parts = []
        for number in np.unique(fold):
            cases = np.flatnonzero((fold == number) & label & (weight > 0))
            controls = np.flatnonzero((fold == number) & ~label & (weight > 0))
            difference = score[cases][:, None] - score[controls][None, :]
            higher = (np.sign(difference) / 2 + 0.5).astype(np.float32)
            parts.append((cases, weight[cases], controls, weight[controls], higher))
        return HorizonAUC(tuple(parts))

    def __call__(self, drawn: ArrayLike) -> float:
        """(n,) how often each patient is drawn -> the area; NaN without a pair."""
        drawn = np.asarray(drawn, float)
        right = pairs = 0.0
        for cases, case_weight, controls, control_weight, higher in self.parts:
            case, control = case_weight * drawn[cases], control_weight * drawn[controls]
            right += float(case @ (higher @ control))
            pairs += float(case.sum() * control.sum())
        return right / pairs if pairs > 0 else float("nan")


def horizon_auc(
    score: ArrayLike, label: ArrayLike, weight: ArrayLike, fold: ArrayLike, *, bootstraps: int = 1000, seed: int = 0
) -> Estimate:
    """`HorizonAUC` of all patients with its 95 % bootstrap interval by patient, which leaves out training."""
    area = HorizonAUC.of(score, label, weight, fold)
    return estimate(area, draw_patients(fold, draws=bootstraps, seed=seed))[0]
