"""Patients with tied days and tied risks, made or real, for figures of survival."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from lifelines.datasets import load_gbsg2
from numpy.typing import NDArray
from sksurv.util import Surv


@dataclass(frozen=True)
class Patients:
    """Risk, days and events of the same patients."""

    risk: NDArray[np.float64]
    time: NDArray[np.float64]
    event: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.risk)

    def __getitem__(self, chosen: Any) -> "Patients":
        return Patients(self.risk[chosen], self.time[chosen], self.event[chosen])

    @property
    def all(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
        """As the figures take them."""
        return self.risk, self.time, self.event

    @property
    def outcome(self) -> NDArray[np.void]:
        """As scikit-survival takes it."""
        return Surv.from_arrays(self.event, self.time)

    def censored_later(self, days: float = 0.1) -> "Patients":
        """With the censorings of a day moved after its events, so that no convention on ties matters."""
        return Patients(self.risk, self.time + days * ~self.event, self.event)


def some_patients(n: int = 200, seed: int = 0, *, longest: float = 60.0, decimals: int = 1) -> Patients:
    """Made patients: whole days up to `longest`, risks of few decimals, half of the patients censored."""
    generator = np.random.default_rng(seed)
    risk = np.round(generator.normal(size=n), decimals)
    until_event = np.ceil(generator.exponential(0.5 * longest * np.exp(-risk)))
    until_censored = np.ceil(generator.uniform(0, longest, n))
    return Patients(risk, np.minimum(until_event, until_censored), until_event <= until_censored)


def breast_cancer_patients() -> Patients:
    """The German Breast Cancer Study Group's 686 patients (GBSG2, as lifelines ships it), risk = positive nodes."""
    table = load_gbsg2()
    return Patients(
        table["pnodes"].to_numpy(float), table["time"].to_numpy(float), table["cens"].to_numpy().astype(bool)
    )
