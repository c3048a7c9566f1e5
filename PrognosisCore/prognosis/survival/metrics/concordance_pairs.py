"""Counting concordant pairs in O(n log n), sorted once for any number of resamples."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from prognosis.survival.outcomes import checked_outcome, checked_risk, checked_weight

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class _Stratum:
    """Patients of one stratum from the last time to the first, the censored of a time before its events.

    Args:
        patient: (n,) their indices.
        rank: (n,) of their risk, 0 the lowest; equal risks share a rank.
        ranks: How many ranks there are.
        case: (k,) places of patients with an event.
        outlived_by: (k,) how many patients, all in the places before, outlive each.
        counted: (k,) what a pair counts whose earlier patient is this one.
    """

    patient: Integers
    rank: Integers
    ranks: int
    case: Integers
    outlived_by: Integers
    counted: Array


@dataclass(frozen=True)
class ConcordancePairs:
    """Comparable pairs of patients; called with weights, the concordance of a resample.

    A patient drawn twice is a pair with nobody new: two copies share time and event, so they are never compared.
    """

    patients: int
    strata: tuple[_Stratum, ...]

    @staticmethod
    def of(
        risk: ArrayLike,
        time: ArrayLike,
        event: ArrayLike,
        *,
        strata: ArrayLike | None = None,
        counted: ArrayLike | None = None,
    ) -> "ConcordancePairs":
        """Sort patients.

        Args:
            risk: (n,) a value per patient; higher means an earlier event.
            time: (n,) follow-up times.
            event: (n,) 1 where the event was seen.
            strata: (n,) only pairs within one are compared.
            counted: (n,) what a pair counts whose earlier patient is this one; 1 by default.

        Raises:
            ValueError: Lengths differ, a value is no finite number, a time or count negative, an event neither 0 nor 1.
        """
        time, event = checked_outcome(time, event)
        risk = checked_risk(risk, len(time))
        counted = checked_weight(counted, len(time))
        if strata is None:
            members = [np.arange(len(time))]
        else:
            label = np.unique(np.asarray(strata), return_inverse=True)[1]
            if label.shape != time.shape:
                msg = f"{len(time)} patients need {len(time)} strata, got shape {label.shape}"
                raise ValueError(msg)
            members = np.split(np.argsort(label, kind="stable"), np.cumsum(np.bincount(label))[:-1])
        return ConcordancePairs(len(time), tuple(_sorted(patient, risk, time, event, counted) for patient in members))

    def __call__(self, weight: ArrayLike | None = None) -> float:
        """The part of comparable pairs that are concordant.

        Args:
            weight: (n,) how often each patient was drawn; once by default.

        Returns:
            The concordance; NaN when no pair is comparable.
        """
        weight = checked_weight(weight, self.patients)
        concordant = comparable = 0.0
        for s in self.strata:
            drawn = weight[s.patient]
            pairs = _counter()(s.rank, s.ranks, drawn, s.case, s.outlived_by, s.counted * drawn[s.case])
            concordant, comparable = concordant + pairs[0], comparable + pairs[1]
        return concordant / comparable if comparable else float("nan")


def _sorted(patient: Integers, risk: Array, time: Array, event: NDArray[np.bool_], counted: Array) -> _Stratum:
    rank, ranks = _ranks(risk[patient])
    lasting = _lasting(time[patient], event[patient])
    order = np.argsort(lasting)[::-1]
    first_of_equal = np.maximum.accumulate(_starts(lasting[order]) * np.arange(len(order)))
    patient = patient[order]
    case = np.flatnonzero(event[patient] & (counted[patient] > 0))
    return _Stratum(
        patient=patient,
        rank=rank[order],
        ranks=ranks,
        case=case,
        outlived_by=first_of_equal[case],
        counted=counted[patient[case]],
    )


def _lasting(time: Array, event: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Numbers in the order of time, a censoring after the events of its time.

    The bits of floats that are not negative, read as a whole number, are in the order of the floats. Doubling shifts
    the sign out, also that of minus zero, and makes room for the censoring.
    """
    return time.view(np.uint64) * np.uint64(2) + ~event


def _ranks(values: Array) -> tuple[Integers, int]:
    """Rank of each value from 0, equal values sharing one, and how many ranks there are."""
    order = np.argsort(values)
    ordered_rank = np.cumsum(_starts(values[order])) - 1
    rank = np.empty(len(values), np.int64)
    rank[order] = ordered_rank
    return rank, int(ordered_rank[-1]) + 1


def _starts(ordered: NDArray) -> NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    starts = np.ones(len(ordered), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=starts[1:])
    return starts


@cache
def _counter() -> Callable[..., tuple[float, float]]:
    """`_count` compiled, when it is first needed: scoring a patient does without numba."""
    from numba import njit

    return njit(_count)


def _count(
    rank: Integers, ranks: int, weight: Array, case: Integers, outlived_by: Integers, case_weight: Array
) -> tuple[float, float]:
    """Weights of concordant and of comparable pairs; ties in risk count half.

    From the last case to the first, all who outlive it are in a Fenwick tree over ranks: node k holds the weight of
    the k & -k ranks up to k (counted from 1).
    """
    tree = np.zeros(ranks + 1)
    at_rank = np.zeros(ranks)
    entered = 0
    outliving = concordant = comparable = 0.0
    for number in range(len(case)):
        while entered < outlived_by[number]:
            added = weight[entered]
            if added > 0:
                outliving += added
                at_rank[rank[entered]] += added
                node = rank[entered] + 1
                while node <= ranks:
                    tree[node] += added
                    node += node & -node
            entered += 1
        if case_weight[number] > 0:
            own = rank[case[number]]
            lower = 0.5 * at_rank[own]
            node = own
            while node > 0:
                lower += tree[node]
                node &= node - 1
            concordant += case_weight[number] * lower
            comparable += case_weight[number] * outliving
    return concordant, comparable
