"""Fitting finds planted features, measures honestly, and is kept by a bundle."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from making_petct import PLANTED, QUICK, make_segmenter, make_table
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.model_files import segmenters_of
from prognosis.biomarkers.risk.bundle_format import load_biomarker_model, save_biomarker_model
from prognosis.biomarkers.risk.fitting import fit_prognosis
from prognosis.biomarkers.risk.logistic_part import recalibrate
from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.model_used import Description
from prognosis.errors import InputError, ModelError, UsageError
from prognosis.survival.metrics.horizon_auc import HorizonAUC, horizon_auc


def test_planted_features_are_chosen_first_and_predict_out_of_fold(fitted):
    for model in fitted.endpoints:
        assert set(PLANTED) <= {feature.name for feature in model.score.features}
        assert model.auc.low > 0.6
        assert not model.unproven
    assert fitted.cox.c_index.low > 0.55


def test_outcomes_dealt_anew_are_not_predicted(segmenters):
    table, rows = make_table({modality: one.used for modality, one in segmenters.items()})
    order = np.random.default_rng(5).permutation(len(rows))
    dealt = [
        replace(row, time_days=rows[at].time_days, event=rows[at].event, cause=rows[at].cause)
        for row, at in zip(rows, order, strict=True)
    ]
    options = replace(QUICK, endpoints=("os2",))
    fitted = fit_prognosis(table, dealt, options, cohort_path=Path("cohort.csv"), description="dealt anew")
    (model,) = fitted.endpoints
    assert model.auc.low < 0.5
    assert any("was not shown to order patients" in warning for warning in fitted.warnings)


def test_a_bundle_keeps_every_number(fitted, bundle, segmenters):
    loaded = load_biomarker_model(open_bundle(bundle.folder))
    generator = np.random.default_rng(0)
    features = {modality: generator.gamma(1, 1, 55296).astype(np.float32) for modality in Modality}
    for kept, made in zip(loaded.endpoints, fitted.endpoints, strict=True):
        values = made.score.values(features)
        assert kept.probability(values) == pytest.approx(made.probability(values))
        assert kept.auc == made.auc
    assert loaded.cox.calibration.slope == pytest.approx(fitted.cox.calibration.slope)
    for modality, segmenter in segmenters.items():
        assert loaded.segmenters[modality].used == segmenter.used
        for name, value in segmenter.network.state_dict().items():
            assert np.array_equal(loaded.segmenters[modality].network.state_dict()[name], value)


def test_a_probability_lies_within_its_interval_and_rises_with_the_score(fitted):
    model = fitted.endpoints[0]
    average = model.score.mean
    towards = model.score.scale * np.sign(model.score.coefficients)
    found = [model.probability(average + step * towards) for step in (-0.5, 0.0, 0.5)]
    assert all(low <= middle <= high for middle, low, high in found)
    assert found[0][0] < found[1][0] < found[2][0]


def test_weights_are_the_gradient_of_the_score(fitted):
    score = fitted.endpoints[0].score
    generator = np.random.default_rng(3)
    features = {modality: generator.gamma(1, 1, 55296) for modality in Modality}
    moved = {modality: values + generator.normal(0, 0.1, values.shape) for modality, values in features.items()}
    by_weights = sum(score.weights(modality) @ (moved[modality] - features[modality]) for modality in Modality)
    assert by_weights == pytest.approx(float(score(score.values(moved)) - score(score.values(features))))


@pytest.mark.parametrize("wrong", ["prognosis.json", "model.json"])
def test_a_bundle_whose_words_do_not_fit_is_refused(fitted, segmenters, tmp_path, wrong):
    folder = save_biomarker_model(tmp_path / "m", fitted, segmenters, Description(name="m")).folder
    text = (folder / wrong).read_text(encoding="utf-8")
    (folder / wrong).write_text(text.replace("C00700", "C99999") if wrong == "prognosis.json" else text[:-40])
    with pytest.raises(ModelError):
        load_biomarker_model(open_bundle(folder))


def test_a_network_bundle_gives_no_probabilities(bundle, tmp_path):
    manifest = replace(bundle.manifest, architecture=replace(bundle.manifest.architecture, kind="biomarker_unet"))
    with pytest.raises(ModelError, match="gives no probabilities"):
        load_biomarker_model(replace(bundle, manifest=manifest))


def test_a_patient_without_features_is_named_by_row(segmenters):
    table, rows = make_table({modality: one.used for modality, one in segmenters.items()}, patients=60)
    stranger = replace(rows[7], patient_id="unknown")
    with pytest.raises(InputError, match=f"row {stranger.number} has no features"):
        fit_prognosis(
            table, [*rows[:7], stranger, *rows[8:]], QUICK, cohort_path=Path("cohort.csv"), description="made up"
        )


def test_networks_of_two_trainings_cannot_be_mixed():
    from prognosis.biomarkers.feature_table import require_same_networks

    first = {modality: make_segmenter(modality).used for modality in Modality}
    second = {**first, Modality.PET: make_segmenter(Modality.PET, seed=1).used}
    with pytest.raises(InputError, match="PET features come from another network"):
        require_same_networks(first, second, what="features.h5")


class TestRecalibration:
    def test_overconfident_scores_are_drawn_in(self):
        generator = np.random.default_rng(0)
        truth = generator.normal(0, 1, 4000)
        label = generator.random(4000) < expit(truth - 0.5)
        slope, offset = recalibrate(3 * truth + 1, label, np.ones(4000))
        assert slope == pytest.approx(1 / 3, rel=0.1)
        assert offset + slope * 1 == pytest.approx(-0.5, abs=0.12)

    def test_scores_that_order_backwards_give_the_frequency(self):
        generator = np.random.default_rng(0)
        scores = generator.normal(size=500)
        label = generator.random(500) < expit(-scores)
        slope, offset = recalibrate(scores, label, np.ones(500))
        assert slope == 0
        assert expit(offset) == pytest.approx(label.mean())


class TestHorizonAUC:
    def test_equals_scikit_learn_with_weights(self):
        generator = np.random.default_rng(0)
        score = np.round(generator.normal(size=80), 1)
        label, weight = generator.random(80) < 0.4, generator.uniform(0.5, 2, 80)
        ours = HorizonAUC.of(score, label, weight, np.zeros(80))(np.ones(80))
        assert ours == pytest.approx(roc_auc_score(label, score, sample_weight=weight), abs=1e-6)

    def test_scales_of_folds_are_not_compared(self):
        score = np.array([0.0, 1.0, 10.0, 11.0])
        label = np.array([False, True, False, True])
        assert horizon_auc(score, label, np.ones(4), [0, 0, 1, 1], bootstraps=10).value == 1.0
        assert horizon_auc(score, label, np.ones(4), [0, 0, 0, 0], bootstraps=10).value == 0.75


def test_the_networks_of_a_prognosis_can_be_asked_for_alone(bundle, segmenters):
    found = segmenters_of([str(bundle.folder)])
    assert {modality: one.used for modality, one in found.items()} == {
        modality: one.used for modality, one in segmenters.items()
    }


def test_two_networks_of_one_modality_are_one_too_many(bundle):
    with pytest.raises(UsageError, match="Two models read CT"):
        segmenters_of([str(bundle.folder), str(bundle.folder)])
