"""Out-of-fold scores stand on the scale of the model of all patients, and doubtful cohorts are refused in words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making_petct import QUICK, make_table
from scipy.special import expit

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.risk import fitting
from prognosis.biomarkers.risk.logistic_part import fit_logistic_part, recalibrate, refits
from prognosis.errors import InputError

ONE = replace(QUICK, endpoints=("os2",))


def narrow(table, *, features=120):
    """The table with the first features of CT alone."""
    kept = {Modality.CT: np.ascontiguousarray(table.features[Modality.CT][:, :features])}
    return replace(table, features=kept)


def fit_narrow(table, rows, options=ONE, **others):
    return fitting.fit_prognosis(table, rows, options, cohort_path=Path("cohort.csv"), description="made up", **others)


@pytest.fixture(scope="module")
def noise():
    """Patients whose features tell nothing."""
    table, rows = make_table({}, patients=150, strength=0.0, seed=4)
    return narrow(table), rows


def test_percentiles_have_the_spread_of_the_model_of_all_patients(noise):
    table, rows = noise
    ratios = []
    for seed in range(4):
        (model,) = fit_narrow(table, rows, replace(ONE, seed=seed, top=10)).endpoints
        values = np.stack([table.features[one.modality][:, one.index] for one in model.score.features], axis=-1)
        ratios.append(np.subtract(*model.percentiles[[84, 16]]) / (2 * model.score(values).std()))
        assert model.percentiles[50] == pytest.approx(model.score.intercept, abs=0.5 * model.score(values).std())
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.2)
    assert np.ptp(ratios) < 0.4


def test_patients_of_a_fold_without_features_stand_in_the_middle(noise, monkeypatch):
    choose, calls = fitting.choose_features, []

    def none_at_first(*arguments, **others):
        calls.append(1)
        chosen = choose(*arguments, **others)
        return tuple(replace(one, features=()) for one in chosen) if len(calls) == 1 else chosen

    monkeypatch.setattr(fitting, "choose_features", none_at_first)
    fitted = fit_narrow(*noise)
    (model,) = fitted.endpoints
    at_the_middle = np.isclose(model.percentiles, model.score.intercept)
    assert 30 <= at_the_middle.sum() <= 40
    assert model.percentiles[0] < model.score.intercept < model.percentiles[100]
    assert any("in fold 1 no feature was chosen" in warning for warning in fitted.warnings)


def test_counts_are_those_of_the_fit(fitted):
    for model in fitted.endpoints:
        assert model.events + model.event_free == model.auc.n


def test_an_endpoint_too_rare_within_a_fold_is_left_out_in_words(noise):
    table, rows = noise
    events = [row for row in rows if row.event and row.time_days <= 730][:6]
    others = [row for row in rows if row.time_days > 731][:40]
    few = sorted([*events, *others], key=lambda row: row.number)
    options = replace(ONE, least_patients=5, inner_folds=2, folds=2)
    with pytest.raises(InputError, match=r"os2: without fold \d there are \d patient\(s\) with the event"):
        fit_narrow(table, few, options)


def test_one_image_under_two_ids_is_refused(noise):
    table, rows = noise
    features = table.features[Modality.CT].copy()
    features[40] = features[12]
    twice = replace(table, features={Modality.CT: features})
    with pytest.raises(InputError, match="entries 13 and 41 .* same CT features: one image stands under two ids"):
        fit_narrow(twice, rows)
    one_patient = replace(
        twice,
        patient_ids=(*table.patient_ids[:40], table.patient_ids[12], *table.patient_ids[41:]),
        annotation_ids=("",) * 40 + ("2",) + ("",) * 109,
    )
    again = replace(rows[12], number=rows[40].number, annotation_id="2")
    assert fit_narrow(one_patient, [*rows[:40], again, *rows[41:]]).endpoints


def test_progress_rises_within_a_fold(noise):
    told = []
    fit_narrow(*noise, progress=lambda step, done, total: told.append((step, done, total)))
    done = [at for _, at, _ in told]
    assert {(step, total) for step, _, total in told} == {("fitting", 3 * 20 + 40)}
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == 100


class TestRefits:
    patients = 150

    def cohort(self, seed):
        """Features of patients, scores as of models that had not seen them, and outcomes; the log odds are x0."""
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(self.patients, 4))
        label = generator.random(self.patients) < expit(x[:, 0])
        return x, x[:, 0] + generator.normal(0, 1, self.patients), label

    def fitted(self, seed, draws):
        x, scores, label = self.cohort(seed)
        weight = np.ones(self.patients)
        part = fit_logistic_part([f"C{k:05d}" for k in range(4)], x, label, weight, penalty=3.0, seed=0)
        believed = recalibrate(scores, label, weight)
        return part, believed, refits(part, scores, label, weight, believed, draws=draws, seed=seed)

    def test_each_is_recalibrated_on_its_own_resample(self):
        x, scores, label = self.cohort(0)
        part, believed, found = self.fitted(0, 1)
        drawn = np.random.default_rng(0).multinomial(self.patients, np.full(self.patients, 1 / self.patients))
        rows = np.repeat(np.arange(self.patients), drawn)
        again = recalibrate(scores[rows], label[rows], np.ones(len(rows)))
        z = (x - part.score.mean) / part.score.scale
        names = [one.name for one in part.score.features]
        # Standardised beforehand, a resample is fitted as it is.
        alone = fit_logistic_part(names, z[rows], label[rows], np.ones(len(rows)), penalty=3.0, seed=0)
        one_sd = np.eye(4)[0]
        between = believed.slope * (found[0, 1:] @ one_sd)
        assert between / again.slope == pytest.approx(alone.score.coefficients[0] / alone.score.scale[0], rel=0.15)
        offsets = believed.offset + believed.slope * found[:, 0]
        assert offsets[0] != pytest.approx(believed.offset + believed.slope * part.score.intercept, abs=1e-6)

    def test_where_scores_order_nobody_they_are_kept_as_fitted(self):
        x, _, label = self.cohort(1)
        part = fit_logistic_part([f"C{k:05d}" for k in range(4)], x, label, np.ones(150), penalty=3.0, seed=0)
        believed = recalibrate(np.zeros(150), label, np.ones(150))
        assert believed.slope == 0
        assert np.isfinite(refits(part, np.zeros(150), label, np.ones(150), believed, draws=3, seed=0)).all()
