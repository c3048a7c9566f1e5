"""Choosing features by inclusion: what is planted is found, and nothing but training patients is looked at."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from prognosis.biomarkers.endpoints import PAPER_ENDPOINTS, endpoint
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.selection.chance_inclusion import chance_inclusion
from prognosis.biomarkers.selection.choosing import choose_features, designs_of
from prognosis.biomarkers.selection.labels import CENSORED, DISEASE, SelectionData, label_endpoint
from prognosis.biomarkers.selection.options import SelectionOptions
from prognosis.biomarkers.selection.penalties import FRACTIONS, find_fraction, other_fractions
from prognosis.errors import InputError
from prognosis.survival.folds import patient_folds

QUICK = {"bootstraps": 60, "penalty_fraction": 0.6, "top": 5, "inclusion_permutations": 40, "inclusion_bootstraps": 30}
PLANTED = (7, 120, 260)


def options_of(**changes):
    return SelectionOptions(**{**QUICK, **changes})


def simulated(n=90, p=300, seed=0, planted=PLANTED):
    """Patients whose risk stands in a few CT features; PET knows nothing."""
    generator = np.random.default_rng(seed)
    causes = generator.normal(size=(n, 3))
    features = {one: np.maximum(generator.normal(0.3, 1, (n, p)), 0).astype(np.float32) for one in Modality}
    for number, index in enumerate(planted):
        features[Modality.CT][:, index] = np.maximum(causes[:, number % 3] + 2, 0)
    time = 700 * generator.exponential(np.exp(-1.6 * causes.sum(axis=1)))
    end = generator.uniform(800, 3000, n)
    event = time <= end
    data = SelectionData(
        np.minimum(time, end), event, np.where(event, DISEASE, CENSORED).astype(np.int64), np.arange(n)
    )
    return features, data


def labels_of(data, *keys):
    return {key: label_endpoint(data, endpoint(key)) for key in keys or ("os2",)}


def chosen_from(features, data, *keys, seed=1, **changes):
    return choose_features(features, data, labels_of(data, *keys), options_of(**changes), seed=seed)


def the(chosen, modality):
    (one,) = [one for one in chosen if one.modality is modality]
    return one


def test_planted_features_are_found_and_point_the_right_way():
    ct = the(chosen_from(*simulated()), Modality.CT)
    assert set(ct.features[:3]) == {f"C{index:05d}" for index in PLANTED}
    assert (ct.inclusion[:3] > 0.6).all()
    assert (ct.coefficient[:3] > 0).all()
    assert list(ct.inclusion) == sorted(ct.inclusion, reverse=True)


def test_features_that_know_nothing_are_included_as_rarely_as_with_permuted_outcomes():
    features, data = simulated()
    labels, options = labels_of(data), options_of()
    chosen = choose_features(features, data, labels, options, seed=1)
    chance = chance_inclusion(features, labels, chosen, options, seed=2)
    pet, ct = the(chosen, Modality.PET), the(chosen, Modality.CT)
    assert pet.inclusion[0] <= chance["os2", Modality.PET].high[0] + 0.1
    assert ct.inclusion[0] > chance["os2", Modality.CT].high[0]
    by_chance = chance["os2", Modality.CT]
    assert (np.diff(by_chance.expected) <= 0).all()
    assert by_chance.above.shape == (40,)
    assert by_chance.bootstraps == 30


def test_no_permutations_of_inclusion_are_made_unless_asked_for():
    features, data = simulated()
    options = options_of(inclusion_permutations=0)
    assert chance_inclusion(features, labels_of(data), (), options, seed=0) == {}


def test_every_endpoint_and_modality_has_its_choice_in_order():
    chosen = chosen_from(*simulated(), "os2", "dss5")
    assert [(one.endpoint, one.modality) for one in chosen] == [
        ("os2", Modality.CT), ("os2", Modality.PET), ("dss5", Modality.CT), ("dss5", Modality.PET),
    ]  # fmt: skip


def test_a_seed_gives_the_same_choice_and_another_one_other_resamples():
    features, data = simulated()
    first, again, other = (the(chosen_from(features, data, seed=seed), Modality.CT) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.probability, again.probability)
    assert (first.probability != other.probability).any()


def test_an_endpoint_is_chosen_for_alike_whatever_the_others_are():
    features, data = simulated()
    alone = chosen_from(features, data, "os5")
    together = [one for one in chosen_from(features, data, "os2", "os5") if one.endpoint == "os5"]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one.probability, other.probability)


def test_inputs_stay_as_they_were_and_patients_left_out_change_nothing():
    features, data = simulated()
    kept = {one: values.copy() for one, values in features.items()}
    training = np.arange(60)
    before = chosen_from({one: values[training] for one, values in features.items()}, data.subset(training))
    for one, values in features.items():
        np.testing.assert_array_equal(values, kept[one])
        values[60:] += 100
    after = chosen_from({one: values[training] for one, values in features.items()}, data.subset(training))
    assert before[0].features == after[0].features


def test_annotations_of_a_patient_count_as_their_mean():
    features, data = simulated()
    rows = np.repeat(np.arange(90), 2)
    shift = np.tile([0.25, -0.25], 90)[:, None].astype(np.float32) * (np.arange(300) % 2 == 0)
    doubled = {one: values[rows] + shift for one, values in features.items()}
    twice = SelectionData(data.time_days[rows], data.event[rows], data.cause[rows], rows)
    # The shift makes silent units active, so that all units are let in.
    chosen = chosen_from(doubled, twice, least_active=0.0)
    for one, other in zip(chosen_from(features, data, least_active=0.0), chosen, strict=True):
        np.testing.assert_allclose(one.probability, other.probability, atol=0.05)
        assert one.patients == other.patients


def test_joint_choice_takes_the_most_included_of_both():
    features, data = simulated()
    chosen = chosen_from(features, data, joint=True, top=4)
    ct, pet = (the(chosen, modality) for modality in (Modality.CT, Modality.PET))
    assert len(ct.features) + len(pet.features) == 4
    assert set(ct.features) >= {f"C{index:05d}" for index in PLANTED}
    assert ct.seen == pet.seen == 600
    assert ct.penalty == pet.penalty


def test_rarely_active_units_are_never_seen():
    features, data = simulated()
    features[Modality.CT][:, PLANTED[0]] = data.event  # would be chosen at once
    features[Modality.CT][5:, PLANTED[0]] = 0
    ct = the(chosen_from(features, data), Modality.CT)
    assert ct.rarely_active == 1
    assert ct.seen == 299
    assert ct.probability[PLANTED[0]] == 0


def test_ties_are_broken_by_index():
    features, data = simulated(planted=())
    for index in (40, 41, 42):
        features[Modality.CT][:, index] = data.time_days < 731
    ct = the(chosen_from(features, data), Modality.CT)
    # Of identical features the LASSO takes the first.
    assert ct.features[0] == "C00040"
    assert "C00041" not in ct.features


def test_other_penalties_say_how_much_they_share():
    ct = the(chosen_from(*simulated()), Modality.CT)
    assert [other.fraction for other in ct.others] == pytest.approx([0.48, 0.75])
    for other in ct.others:
        assert 3 <= other.shared <= other.chosen == 5
    assert the(chosen_from(*simulated(), sensitivity=False), Modality.CT).others == ()


@pytest.mark.parametrize(("fraction", "others"), [(0.5, (0.4, 0.625)), (0.95, (0.608, 0.76))])
def test_other_penalties_leave_features(fraction, others):
    assert other_fractions(fraction) == pytest.approx(others)


def design_of(features, data, modality):
    return designs_of({modality: features[modality]}, options_of())[0].matrix, label_endpoint(data, endpoint("os2"))


def test_cross_validation_takes_the_penalty_that_another_solver_finds_best():
    features, data = simulated(p=40, planted=(7, 20))
    x, known = design_of(features, data, Modality.CT)
    options = options_of(penalty_fraction=None)
    fraction, _ = find_fraction(x, known.label, known.complete, options, seed=4)
    rows = np.flatnonzero(known.complete)
    label = known.label[rows]
    fold = patient_folds(np.zeros(len(rows)), label, label, folds=5, seed=4)
    largest = np.abs((label - label.mean()) @ x[rows].astype(float)).max() / len(rows)
    loss = np.zeros(len(FRACTIONS))
    for number, tried in enumerate(FRACTIONS):
        for left_out in range(5):
            training, held = rows[fold != left_out], rows[fold == left_out]
            peer = LogisticRegression(
                C=1 / (tried * largest * len(training)), l1_ratio=1, solver="saga", tol=1e-6, max_iter=20_000
            )
            peer.fit(x[training], known.label[training])
            loss[number] += log_loss(known.label[held], peer.predict_proba(x[held])[:, 1], normalize=False)
    assert fraction == FRACTIONS[int(np.argmin(loss))]


def test_penalties_are_smaller_where_there_is_something_to_learn_and_seldom_at_the_end_of_those_tried():
    options = options_of(penalty_fraction=None)
    found = {modality: [] for modality in Modality}
    for seed in range(100, 116):
        features, data = simulated(seed=seed)
        for modality, fractions in found.items():
            x, known = design_of(features, data, modality)
            fractions.append(find_fraction(x, known.label, known.complete, options, seed=0))
    planted, nothing = ([fraction for fraction, _ in found[modality]] for modality in Modality)
    assert np.median(planted) < np.median(nothing)
    assert planted.count(FRACTIONS[-1]) <= 4
    for fraction, how in (*found[Modality.CT], *found[Modality.PET]):
        end = {FRACTIONS[0]: ", the largest tried", FRACTIONS[-1]: ", the smallest tried"}.get(fraction, "")
        assert how == f"5-fold cross-validation{end}"


def test_cross_validation_looks_at_complete_cases_only():
    features, data = simulated()
    x, known = design_of(features, data, Modality.CT)
    options = options_of(penalty_fraction=None)
    complete = known.complete.copy()
    complete[:10] = False
    before = find_fraction(x, known.label, complete, options, seed=3)
    assert before == find_fraction(x, known.label ^ ~complete, complete, options, seed=3)


def test_fewer_patients_than_folds_are_refused():
    features, data = simulated(n=30)
    x, known = design_of(features, data, Modality.CT)
    few = known.complete & (known.label | (np.cumsum(~known.label) <= 3))
    with pytest.raises(ValueError, match="5 folds need as many patients"):
        find_fraction(x, known.label, few, options_of(penalty_fraction=None), seed=0)


def test_an_endpoint_that_nobody_reached_is_refused():
    features, data = simulated(n=30)
    data = SelectionData(np.full(30, 9999.0), np.zeros(30, bool), None, np.arange(30))
    with pytest.raises(InputError, match="same outcome"):
        chosen_from(features, data)


def test_features_that_are_all_silent_are_refused():
    features, data = simulated(n=30)
    with pytest.raises(InputError, match="No PET feature is active"):
        chosen_from({Modality.PET: np.zeros_like(features[Modality.PET])}, data)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("endpoints", ()),
        ("endpoints", ("os3",)),
        ("endpoints", ("os2", "os2")),
        ("disease_cause", " "),
        ("least_patients", 4),
        ("least_active", 1.5),
        ("penalty_fraction", 1.0),
        ("inner_folds", 1),
        ("inner_folds", 6),
        ("bootstraps", 0),
        ("top", 0),
        ("permutations", 39),
        ("inclusion_permutations", -1),
        ("seed", -1),
    ],
)
def test_options_that_cannot_be_used_are_refused(option, value):
    with pytest.raises(ValueError, match=option):
        SelectionOptions(**{option: value})


def test_endpoints_stand_in_the_papers_order():
    assert SelectionOptions(endpoints=("dss2", "os2")).chosen_endpoints == (PAPER_ENDPOINTS[0], PAPER_ENDPOINTS[2])
