from dataclasses import replace

import numpy as np
import pytest
import torch

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.model_used import Description
from prognosis.errors import InputError, ModelError
from prognosis.lesions import fitting, training
from prognosis.lesions.augment import CONTEXT, Augmentation, augmented, central
from prognosis.lesions.bundle_format import load_lesion_model, save_lesion_model
from prognosis.lesions.cohort_risks import lesion_risks, lesions_of, patient_risks
from prognosis.lesions.fitting import FittingOptions, fit_network
from prognosis.lesions.network import NetworkOptions
from prognosis.lesions.training import TrainingOptions, train_lesion_model
from prognosis.lesions.training_data import TrainingData
from prognosis.survival.metrics.concordance import concordance
from prognosis.survival.models.cox_loss import cox_loss

SIZE = 16
WIDE = round(SIZE * CONTEXT)


def a_cohort(patients=60, seed=0):
    """Patches whose brightness is their risk; two annotations for every third patient."""
    generator = np.random.default_rng(seed)
    patches, volumes, annotation, patient, hazard = [], [], [], [], np.zeros(patients)
    for number in range(patients):
        count = int(generator.integers(1, 5))
        risk = generator.normal(size=count)
        hazard[number] = risk.sum()
        for _ in range(2 if number % 3 == 0 else 1):
            patient.append(number)
            annotation += [len(patient) - 1] * count
            noise = generator.normal(0, 0.3, (count, 1, WIDE, WIDE))
            patches.append(noise + 0.4 * risk[:, None, None, None])
            volumes.append(generator.lognormal(7, 1, count))
    time = 100 * generator.exponential(np.exp(-hazard))
    censored = generator.random(patients) < 0.25
    return TrainingData(
        patches=torch.from_numpy(np.concatenate(patches).astype(np.float16)),
        volume_mm3=torch.from_numpy(np.concatenate(volumes).astype(np.float32)),
        annotation=torch.tensor(annotation),
        patient=torch.tensor(patient),
        time_days=np.maximum(time * np.where(censored, generator.random(patients), 1), 0.5),
        event=(~censored).astype(int),
        group=np.array([""] * patients),
        ranges={"lesion_volume_mm3": (1.0, 1e6)},
    )


@pytest.fixture(scope="module")
def cohort():
    return a_cohort()


def fitted(data, patients, **options):
    settings = {"epochs": 8, "learning_rate": 3e-3, "patients_per_step": 20} | options
    return fit_network(data, patients, NetworkOptions(width=4), FittingOptions(**settings), SIZE)


def risks(network, data, patients):
    lesions = lesions_of(data, patients)
    return patient_risks(data, lesions, *lesion_risks(network, data, lesions, SIZE))[patients]


def test_a_network_learns_what_kills_and_is_judged_on_others(cohort):
    learnt_from = np.arange(45)
    others = a_cohort(seed=1)
    network = fitted(cohort, learnt_from, epochs=25)
    found = concordance(risks(network, others, np.arange(60)), others.time_days, others.event, bootstraps=0)
    assert found.value > 0.65


def test_the_constants_make_the_scale_mean_one_and_the_risk_of_unit_sd(cohort):
    patients = np.arange(60)
    network = fitted(cohort, patients, epochs=1)
    risk, scale = lesion_risks(network, cohort, lesions_of(cohort, patients), SIZE)
    weight = cohort.annotation_weight[cohort.annotation]
    mean = (risk * weight).sum() / weight.sum()
    assert float(((risk - mean) ** 2 * weight).sum() / weight.sum()) == pytest.approx(1.0, abs=0.01)
    assert float((scale * weight).sum() / weight.sum()) == pytest.approx(1.0, abs=0.01)
    assert bool((scale > 0).all())


def test_annotations_of_a_patient_are_averaged():
    data = a_cohort(3)
    lesions = lesions_of(data, np.arange(3))
    risk = torch.ones(len(lesions))
    counts = torch.bincount(data.annotation)
    expected = [float(counts[data.patient == number].float().mean()) for number in range(3)]
    assert patient_risks(data, lesions, risk, risk) == pytest.approx(expected)


def test_an_interrupted_training_goes_on_where_it_was(cohort, tmp_path):
    options = FittingOptions(epochs=4, learning_rate=3e-3, patients_per_step=20)
    patients = np.arange(60)

    class PowerLossError(Exception):
        pass

    def interrupt(step, done, total):
        if done == 2:
            raise PowerLossError

    seen = []
    with pytest.raises(PowerLossError):
        fit_network(cohort, patients, NetworkOptions(4), options, SIZE, state_folder=tmp_path, progress=interrupt)
    resumed = fit_network(
        cohort,
        patients,
        NetworkOptions(4),
        options,
        SIZE,
        state_folder=tmp_path,
        progress=lambda *told: seen.append(told[1]),
    )
    whole = fit_network(cohort, patients, NetworkOptions(4), options, SIZE)
    assert seen == [3, 4]
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def test_another_cohorts_state_is_not_resumed(cohort, tmp_path):
    seen = []
    options = FittingOptions(epochs=1)
    for data in (cohort, a_cohort(seed=5)):
        fit_network(
            data,
            np.arange(60),
            NetworkOptions(4),
            options,
            SIZE,
            state_folder=tmp_path,
            progress=lambda *told: seen.append(told[1]),
        )
    assert seen == [1, 1]


def test_patients_left_out_change_nothing(cohort):
    """A network fitted to some patients does not depend on the others' images or outcomes."""
    inside = np.arange(40)
    spoilt_time = cohort.time_days.copy()
    spoilt_time[40:] = 1.0
    lesions = lesions_of(cohort, np.arange(40, 60))
    spoilt_patches = cohort.patches.clone()
    spoilt_patches[lesions] = 7.0
    spoilt_volume = cohort.volume_mm3.clone()
    spoilt_volume[lesions] *= 50.0
    spoilt = TrainingData(
        spoilt_patches,
        spoilt_volume,
        cohort.annotation,
        cohort.patient,
        spoilt_time,
        cohort.event,
        cohort.group,
        cohort.ranges,
    )
    first, second = (fitted(data, inside, epochs=1) for data in (cohort, spoilt))
    for name, value in first.state_dict().items():
        torch.testing.assert_close(second.state_dict()[name], value, rtol=1e-3, atol=1e-4)


def test_every_patient_is_judged_by_the_one_fold_network_that_never_saw_it(cohort, monkeypatch):
    fitted_to, judged = {}, {}
    fit, score = training.fit_network, training.lesion_risks

    def recording_fit(data, patients, *rest, **options):
        network = fit(data, patients, *rest, **options)
        fitted_to[id(network)] = set(patients.tolist())
        return network

    def recording_score(network, data, lesions, size):
        seen = set(data.patient[data.annotation[lesions]].tolist())
        if seen != fitted_to[id(network)]:
            judged[id(network)] = seen
        return score(network, data, lesions, size)

    def recording_concordance(*values, strata):
        assert np.array_equal(np.unique(strata), [0, 1, 2])
        return concordance(*values, strata=strata)

    monkeypatch.setattr(training, "fit_network", recording_fit)
    monkeypatch.setattr(training, "lesion_risks", recording_score)
    monkeypatch.setattr(training, "concordance", recording_concordance)
    train_lesion_model(cohort, TrainingOptions(epochs=1, folds=3, width=4, patch_size=SIZE), cohort="simulated")
    *folds, everybody = fitted_to.values()
    assert everybody == set(range(60))
    assert all(sum(patient in fold for fold in folds) == 2 for patient in range(60))
    assert len(judged) == 3
    for network, patients in judged.items():
        assert patients == everybody - fitted_to[network]


def test_annotations_of_a_patient_share_one_weight_in_the_loss(cohort, monkeypatch):
    weights = []

    def spy(risk, time, event, weight):
        weights.append(weight)
        return cox_loss(risk, time, event, weight)

    monkeypatch.setattr(fitting, "cox_loss", spy)
    fitted(cohort, np.arange(60), epochs=1, patients_per_step=0)
    expected = [0.5 if patient % 3 == 0 else 1.0 for patient in cohort.patient.tolist()]
    assert weights[0].tolist() == expected


def test_percentiles_do_not_depend_on_where_the_folds_networks_have_their_zero(cohort, monkeypatch):
    """A network's zero is its own: moving it moves the percentiles of the final network only, and all by as much."""
    fit = training.fit_network
    options = TrainingOptions(epochs=1, folds=3, width=4, patch_size=SIZE)

    def percentiles(offsets):
        offset = iter(offsets)

        def moved_fit(*arguments, **named):
            network = fit(*arguments, **named)
            with torch.no_grad():
                network.encoder.fc.bias += next(offset) * network.risk_sd
            return network

        monkeypatch.setattr(training, "fit_network", moved_fit)
        return train_lesion_model(cohort, options, cohort="simulated").model.lesion_percentiles

    np.testing.assert_allclose(percentiles([5, -3, 2, 1]), percentiles([0, 0, 0, 0]) + 1, atol=1e-2)


def test_a_model_that_learnt_nothing_says_so_and_gives_no_curve(tmp_path):
    data = a_cohort(seed=9)
    random = replace(data, time_days=np.random.default_rng(0).permutation(data.time_days))
    options = TrainingOptions(epochs=1, folds=2, width=4, patch_size=SIZE)
    trained = train_lesion_model(random, options, cohort="noise")
    assert any("not shown to order patients" in warning for warning in trained.warnings)
    upside_down = replace(trained.model, calibration=replace(trained.model.calibration, slope=-0.1))
    saved = save_lesion_model(
        tmp_path / "m", upside_down, options.network, trained.training, trained.metrics, Description("m")
    )
    model = load_lesion_model(saved)
    assert model.calibration is None
    assert model.unproven


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"folds": 1},
        {"seed": -1},
        {"width": 0},
        {"learning_rate": float("nan")},
        {"learning_rate": 0.0},
        {"patch_size": 73},
        {"hu_low": 500.0},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused_before_any_work(wrong):
    with pytest.raises(ValueError, match="must be|needed|needs"):
        TrainingOptions(**wrong)


def test_a_trained_model_survives_its_bundle(cohort, tmp_path):
    options = TrainingOptions(epochs=3, folds=2, width=4, patch_size=SIZE, learning_rate=3e-3, patients_per_step=20)
    trained = train_lesion_model(cohort, options, cohort="simulated", state_folder=tmp_path / "state")
    saved = save_lesion_model(
        tmp_path / "model",
        trained.model,
        options.network,
        trained.training,
        trained.metrics,
        Description("test-model", demonstration=True),
        half=True,
    )
    model = load_lesion_model(open_bundle(saved.folder))
    lesions = lesions_of(cohort, np.arange(60))
    before, _ = lesion_risks(trained.model.network, cohort, lesions, SIZE)
    after, _ = lesion_risks(model.network, cohort, lesions, SIZE)
    torch.testing.assert_close(after, before, rtol=0.02, atol=0.02)
    assert model.used.demonstration
    assert model.calibration.times_days[-1] == cohort.time_days.max()
    assert model.calibration.survival_at(1.0, 1e6) is None
    assert np.all(np.diff(model.lesion_percentiles) >= 0)
    assert 0.0 < trained.metrics["c_index"].estimate < 1.0


def test_a_model_without_calibration_is_not_written(cohort, tmp_path, a_model):
    model = a_model()
    object.__setattr__(model, "calibration", None)
    with pytest.raises(ModelError, match="without calibration"):
        save_lesion_model(tmp_path / "m", model, NetworkOptions(8), None, {}, Description("m"))
    assert not (tmp_path / "m").exists()


def test_too_few_events_are_refused_with_the_number(cohort):
    quiet = TrainingData(
        cohort.patches,
        cohort.volume_mm3,
        cohort.annotation,
        cohort.patient,
        cohort.time_days,
        np.r_[np.ones(5, int), np.zeros(55, int)],
        cohort.group,
        cohort.ranges,
    )
    with pytest.raises(InputError, match="5 events; 4 folds need at least 8"):
        train_lesion_model(quiet, TrainingOptions(), cohort="quiet")


def test_without_ranges_augmentation_shows_what_scoring_sees():
    patches = torch.randn(5, 1, 108, 108, generator=torch.Generator().manual_seed(0))
    still = augmented(patches, 72, Augmentation(0.0, 0.0, 0.0), torch.Generator().manual_seed(0))
    middle = central(patches, 72)
    for one, other in zip(still, middle, strict=True):
        flipped = [other, other.flip(-1), other.flip(-2), other.flip(-1, -2)]
        assert min(float((one - each).abs().max()) for each in flipped) < 1e-4


def test_augmentation_is_the_same_for_the_same_seed_only():
    patches = torch.randn(5, 1, 108, 108)
    first, again, other = (
        augmented(patches, 72, Augmentation(), torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
