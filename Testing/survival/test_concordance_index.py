import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.utils import concordance_index as lifelines_concordance
from making_outcomes import Patients, breast_cancer_patients, some_patients
from sksurv.metrics import concordance_index_censored

from prognosis.survival.estimate import draw_patients
from prognosis.survival.metrics.concordance import concordance, concordance_index
from prognosis.survival.metrics.concordance_pairs import ConcordancePairs

_FEW = settings(max_examples=60, deadline=None)


def by_definition(patients, weight=None, strata=None):
    """Every ordered pair looked at."""
    weight = np.ones(len(patients)) if weight is None else weight
    strata = np.zeros(len(patients)) if strata is None else strata
    risk, time, event = patients.all
    concordant = comparable = 0.0
    for i in np.flatnonzero(event):
        for j in range(len(patients)):
            outlives = time[j] > time[i] or (time[j] == time[i] and not event[j])
            if outlives and strata[i] == strata[j]:
                pairs = weight[i] * weight[j]
                comparable += pairs
                concordant += pairs * ((risk[i] > risk[j]) + 0.5 * (risk[i] == risk[j]))
    return concordant / comparable if comparable else np.nan


@st.composite
def few_patients(draw):
    """Up to 12 patients of few distinct days and risks, so that every kind of tie turns up."""
    n = draw(st.integers(1, 12))
    column = lambda values: np.array(draw(st.lists(values, min_size=n, max_size=n)))  # noqa: E731
    return Patients(
        column(st.integers(-2, 2)).astype(float), column(st.integers(0, 4)).astype(float), column(st.booleans())
    )


@pytest.mark.parametrize("decimals", [0, 1, 12], ids=["many tied risks", "some tied risks", "no tied risks"])
@pytest.mark.parametrize("longest", [3, 60, 1e9], ids=["many tied days", "some tied days", "no tied days"])
def test_it_is_lifelines(decimals, longest):
    patients = some_patients(500, longest=longest, decimals=decimals)
    assert concordance_index(*patients.all) == pytest.approx(
        lifelines_concordance(patients.time, -patients.risk, patients.event), abs=1e-12
    )


@pytest.mark.parametrize("n", [2, 3, 50, 3000])
def test_it_is_lifelines_at_any_size(n):
    patients = some_patients(n, seed=3)
    assert concordance_index(*patients.all) == pytest.approx(
        lifelines_concordance(patients.time, -patients.risk, patients.event), abs=1e-12
    )


def test_it_is_scikit_survival_on_real_patients():
    patients = breast_cancer_patients()
    expected = concordance_index_censored(patients.event, patients.time, patients.risk)[0]
    assert concordance_index(*patients.all) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("risk", "time", "event", "expected"),
    [
        pytest.param([3, 2, 1], [1, 2, 3], [1, 1, 1], 1.0, id="risk in the order of death"),
        pytest.param([1, 2, 3], [1, 2, 3], [1, 1, 1], 0.0, id="risk against it"),
        pytest.param([1, 1, 1], [1, 2, 3], [1, 1, 1], 0.5, id="one risk for all"),
        pytest.param([2, 1, 3], [1, 2, 3], [1, 1, 1], 1 / 3, id="one of three pairs"),
        pytest.param([2, 2, 1], [1, 2, 3], [1, 1, 1], 2.5 / 3, id="a tie in risk is half a pair"),
        pytest.param([2, 1, 3], [1, 2, 3], [1, 0, 1], 0.5, id="a censored patient opens no pair"),
        pytest.param([2, 1], [5, 5], [1, 0], 1.0, id="event before censoring on one day"),
        pytest.param([2, 1, 0], [5, 5, 6], [1, 1, 0], 1.0, id="two events on one day are no pair"),
        pytest.param([2, 1, 0], [0.0, -0.0, 0.0], [1, 0, 0], 1.0, id="minus zero is zero"),
        pytest.param([1, 2], [0.3, 0.1 + 0.2], [0, 1], np.nan, id="times that differ in the last bit are no tie"),
        pytest.param([1, 2], [0.3, 0.1 + 0.2], [1, 0], 0.0, id="the last bit says who came first"),
    ],
)
def test_examples_by_hand(risk, time, event, expected):
    assert concordance_index(risk, time, event) == pytest.approx(expected, nan_ok=True)


@_FEW
@given(few_patients())
def test_it_is_the_definition(patients):
    assert concordance_index(*patients.all) == pytest.approx(by_definition(patients), nan_ok=True)


@_FEW
@given(few_patients(), st.randoms(use_true_random=False))
def test_weights_and_strata_are_the_definitions(patients, random):
    weight = np.array([random.choice([0, 1, 1, 2, 3.5]) for _ in range(len(patients))])
    strata = np.array([random.choice("ab") for _ in range(len(patients))])
    assert concordance_index(*patients.all, weight=weight, strata=strata) == pytest.approx(
        by_definition(patients, weight, strata), nan_ok=True
    )


@_FEW
@given(few_patients(), st.randoms(use_true_random=False))
def test_a_weight_is_a_row_repeated(patients, random):
    times_drawn = np.array([random.randint(0, 3) for _ in range(len(patients))])
    repeated = patients[np.repeat(np.arange(len(patients)), times_drawn)]
    expected = by_definition(repeated)
    assert concordance_index(*patients.all, weight=times_drawn) == pytest.approx(expected, nan_ok=True)
    if np.isfinite(expected):
        assert expected == pytest.approx(lifelines_concordance(repeated.time, -repeated.risk, repeated.event))


@_FEW
@given(st.integers(0, 10_000))
def test_only_orders_matter(seed):
    patients = some_patients(40, seed)
    expected = concordance_index(*patients.all)
    order = np.random.default_rng(seed).permutation(40)
    assert concordance_index(*patients[order].all) == pytest.approx(expected)
    assert concordance_index(np.exp(patients.risk) - 7, 30.4 * patients.time, patients.event) == pytest.approx(expected)
    assert concordance_index(-patients.risk, patients.time, patients.event) == pytest.approx(1 - expected)


def test_strata_pool_pairs_not_figures():
    patients = some_patients(300)
    strata = np.repeat([7, -1, 3], [10, 90, 200])
    shifted = patients.risk + 100.0 * strata
    within = concordance_index(shifted, patients.time, patients.event, strata=strata)
    assert within == pytest.approx(by_definition(patients, strata=strata))
    mean_of_figures = np.mean([concordance_index(*patients[strata == s].all) for s in np.unique(strata)])
    assert within != pytest.approx(mean_of_figures, abs=1e-4)


def test_a_stratum_without_pairs_adds_none():
    patients = some_patients(60)
    alone = Patients(np.append(patients.risk, 9.0), np.append(patients.time, 1.0), np.append(patients.event, True))
    strata = np.append(np.zeros(60), 1)
    assert concordance_index(*alone.all, strata=strata) == pytest.approx(concordance_index(*patients.all))


def test_patients_sorted_once_answer_any_resample():
    patients, strata = some_patients(150), np.arange(150) % 3
    pairs = ConcordancePairs.of(*patients.all, strata=strata)
    for weight in draw_patients(strata, draws=5, seed=1):
        assert pairs(weight) == concordance_index(*patients.all, weight=weight, strata=strata)
        assert pairs(weight) == pytest.approx(by_definition(patients, weight, strata))
    assert pairs() == concordance_index(*patients.all, strata=strata)


def test_the_interval_is_that_of_rows_drawn_with_replacement():
    patients = some_patients(120)
    estimate = concordance(*patients.all, bootstraps=60, seed=4)
    resampled = []
    for weight in draw_patients(np.zeros(120), draws=60, seed=4):
        drawn = patients[np.repeat(np.arange(120), weight.astype(int))]
        resampled.append(lifelines_concordance(drawn.time, -drawn.risk, drawn.event))
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(resampled, [2.5, 97.5])))


def test_resamples_keep_the_size_of_each_stratum():
    patients, strata = some_patients(90), np.repeat([2, 5], [20, 70])
    estimate = concordance(*patients.all, strata=strata, bootstraps=30, seed=4)
    resampled = [by_definition(patients, w, strata) for w in draw_patients(strata, draws=30, seed=4)]
    assert (estimate.low, estimate.high) == pytest.approx(tuple(np.percentile(resampled, [2.5, 97.5])))


def test_a_seed_gives_one_interval():
    patients = some_patients(100)
    first, again, other = (concordance(*patients.all, bootstraps=40, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_arrays_are_left_as_they_are():
    arrays = [np.array([2.0, 1.0, 3.0]), np.array([1.0, -0.0, 1.0]), np.array([1, 1, 0]), np.ones(3)]
    kept = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    concordance_index(*arrays[:3], weight=arrays[3])
    assert all(np.array_equal(a, b) for a, b in zip(arrays, kept, strict=True))


@pytest.mark.parametrize(
    ("risk", "time", "event"),
    [
        pytest.param([1.0, 2.0], [1.0, 2.0], [0, 0], id="all censored"),
        pytest.param([1.0], [1.0], [1], id="one patient"),
        pytest.param([1.0, 2.0], [3.0, 3.0], [1, 1], id="all events on one day"),
        pytest.param([1.0, 2.0], [3.0, 2.0], [1, 0], id="the event comes last"),
    ],
)
def test_without_a_comparable_pair_there_is_no_figure(risk, time, event):
    assert np.isnan(concordance_index(risk, time, event))
    with pytest.raises(ValueError, match="no comparable pair"):
        concordance(risk, time, event, bootstraps=2)


def test_a_resample_without_pairs_is_not_a_number():
    assert np.isnan(concordance_index([1, 2], [1, 2], [1, 1], weight=[2, 0]))
    assert np.isnan(concordance_index([1, 2], [1, 2], [1, 1], weight=[0, 0]))


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        pytest.param(([1, np.nan], [1, 2], [1, 1]), {}, "finite risks", id="NaN risk"),
        pytest.param(([1, np.inf], [1, 2], [1, 1]), {}, "finite risks", id="infinite risk"),
        pytest.param(([1, 2, 3], [1, 2], [1, 1]), {}, "finite risks", id="a risk too many"),
        pytest.param(([1, 2], [1, np.nan], [1, 1]), {}, "finite and not negative", id="NaN time"),
        pytest.param(([1, 2], [1, -2], [1, 1]), {}, "finite and not negative", id="negative time"),
        pytest.param(([1, 2], [1, 2], [1, 2]), {}, "event is 1", id="event 2"),
        pytest.param(([1, 2], [1, 2], [1.0, np.nan]), {}, "event is 1", id="NaN event"),
        pytest.param(([1, 2], [1, 2], [1]), {}, "one value a patient", id="an event too few"),
        pytest.param(([], [], []), {}, "one value a patient", id="no patients"),
        pytest.param(([1, 2], [1, 2], [1, 1]), {"weight": [1, -1]}, "finite weights", id="negative weight"),
        pytest.param(([1, 2], [1, 2], [1, 1]), {"weight": [1]}, "finite weights", id="a weight too few"),
        pytest.param(([1, 2], [1, 2], [1, 1]), {"weight": [1, np.nan]}, "finite weights", id="NaN weight"),
        pytest.param(([1, 2], [1, 2], [1, 1]), {"strata": [0]}, "2 strata", id="a stratum too few"),
    ],
)
def test_arguments_without_sense_are_refused(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        concordance_index(*arguments, **options)
