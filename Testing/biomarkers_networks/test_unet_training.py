from dataclasses import replace

import numpy as np
import pytest
import torch
from making_regions import NARROW, SHAPE, SMALL, blob, regions

from prognosis.biomarkers.networks import training
from prognosis.biomarkers.networks.augmenting import Augmentation, changed, draw_changes
from prognosis.biomarkers.networks.fitting import FittingOptions, fit_unet, segmentation_loss
from prognosis.biomarkers.networks.out_of_fold import predicted_tumour
from prognosis.biomarkers.networks.segmentation_metrics import compare_contours
from prognosis.biomarkers.networks.training import PRESETS, Scale, UNetTrainingOptions, train_unet
from prognosis.biomarkers.networks.unet import UNetKind, UNetOptions
from prognosis.errors import InputError, UsageError
from prognosis.training.team import Team

QUICK = UNetTrainingOptions(channels=NARROW, epochs=1, folds=2, device="cpu")


def fitted(data, patients=None, *, epochs=1, architecture=SMALL, **options):
    names = ("augmentation", "team", "state_folder", "progress")
    how = {name: options.pop(name) for name in names if name in options}
    everybody = np.arange(data.patients) if patients is None else patients
    return fit_unet(data, everybody, architecture, FittingOptions(epochs=epochs, device="cpu", **options), **how)


def same_weights(first, second):
    pairs = zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    return all(torch.equal(one, other) for one, other in pairs)


@pytest.fixture(scope="module")
def data():
    return regions(4)


def test_a_network_learns_to_find_what_is_bright_wherever_it_lies():
    data = regions(3)
    network = fitted(data, epochs=24, learning_rate=5e-3, batch=1)
    place = (20, 40, 60)
    unseen = np.random.default_rng(9).normal(60, 10, SHAPE) + 120 * blob(11, place)
    found = predicted_tumour(network, torch.from_numpy(unseen))
    assert compare_contours(found, blob(11, place), (1.0, 1.0, 1.0)).dice > 0.7
    assert network.losses[-1] < 0.8 * network.losses[0]


@pytest.mark.parametrize("break_at", [2, 3], ids=["amid an epoch", "between epochs"])
def test_an_interrupted_training_is_bit_for_bit_the_uninterrupted_one(data, tmp_path, monkeypatch, break_at):
    """3 patients, 2 a step: 2 steps an epoch, 6 in all; the interruption comes while a gradient is computed."""
    patients, options = np.arange(3), {"epochs": 3, "state_folder": tmp_path}
    whole = fitted(data, patients, epochs=3)
    seen = 0

    def interrupting(*arguments):
        nonlocal seen
        seen += 1
        if seen > break_at:
            raise KeyboardInterrupt
        return segmentation_loss(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("prognosis.biomarkers.networks.fitting.segmentation_loss", interrupting)
        fitted(data, patients, **options)
    told = []
    resumed = fitted(data, patients, **options, progress=lambda *words: told.append(words[1:]))
    assert told == [(2, 3), (3, 3)]
    assert same_weights(resumed.network, whole.network)
    assert resumed.losses == whole.losses


def test_each_epoch_is_told_with_its_loss(data):
    told = []
    network = fitted(data, epochs=2, progress=lambda *words: told.append(words))
    assert told == [(f"training, loss {loss:.3f}", epoch + 1, 2) for epoch, loss in enumerate(network.losses)]


def test_patients_left_out_change_nothing(data):
    spoilt = data.images.clone()
    spoilt[3] = 200.0
    first, second = (fitted(each, np.arange(3)) for each in (data, replace(data, images=spoilt)))
    assert first.mean == second.mean
    assert same_weights(first.network, second.network)


def test_another_cohorts_state_is_not_resumed(data, tmp_path):
    told = []
    for cohort in (data, regions(4, seed=5)):
        fitted(cohort, state_folder=tmp_path, progress=lambda *words: told.append(words[1]))
    assert told == [1, 1]


def test_a_patient_of_many_annotations_is_seen_once_an_epoch_and_by_all_of_them(monkeypatch):
    data = regions(2, annotations=[3, 1])
    seen = []

    def spy(images, tumours, changes):
        seen.append(int(tumours.sum()))
        return changed(images, tumours, changes)

    distinct = data.tumours.clone()
    for row in range(len(data)):
        distinct[row] = torch.from_numpy(blob(6 + row))
    monkeypatch.setattr("prognosis.biomarkers.networks.fitting.changed", spy)
    fitted(replace(data, tumours=distinct), epochs=12, batch=1)
    sizes = [int(mask.sum()) for mask in distinct]
    assert len(seen) == 24
    assert seen.count(sizes[3]) == 12
    assert {size for size in seen if size != sizes[3]} == set(sizes[:3])


def test_a_training_that_diverges_is_ended_with_words(data):
    broken = data.images.clone()
    broken[0, 0, 0, 0] = float("nan")
    with pytest.raises(InputError, match="diverged.*learning-rate"):
        fitted(replace(data, images=broken))


def test_more_processes_than_patients_a_step_are_refused(data):
    with pytest.raises(UsageError, match="2 patients a step cannot be shared by 3 processes"):
        fitted(data, team=Team(0, 3))


def test_the_loss_is_dice_and_cross_entropy_averaged_over_regions():
    """By hand, for probabilities of 1/2: dice (2 * 1 + 1) / (2 + 2 + 1) and (2 * 2 + 1) / (2 + 4 + 1)."""
    logits = torch.zeros(2, 1, 1, 2, 2)
    tumours = torch.tensor([[1.0, 1, 0, 0], [1, 1, 1, 1]]).reshape(logits.shape)
    expected = ((1 - 3 / 5) + (1 - 5 / 7)) / 2 + np.log(2)
    assert float(segmentation_loss(logits, tumours)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("kind", list(UNetKind))
def test_an_untrained_network_holds_as_much_for_tumour_as_there_is(data, kind, monkeypatch):
    """Without a step of learning; what the convolutions add has either sign."""

    def stay(optimizer):
        pass

    monkeypatch.setattr(torch.optim.AdamW, "step", stay)
    network = fitted(data, architecture=UNetOptions(kind, NARROW), batch=4).network.train()
    with torch.inference_mode():
        logits = network(data.images[:1, None].float())
    share = float(data.tumours.float().mean())
    assert float(logits.median()) == pytest.approx(np.log(share / (1 - share)), abs=1.5)


@pytest.mark.parametrize("kind", list(UNetKind))
def test_sixteen_bits_give_the_gradients_of_thirty_two_down_to_the_smallest_map(kind):
    """Convolutions of small maps in 16 bits were seen to give random gradients elsewhere."""
    torch.manual_seed(0)
    network = training.SegmentingUNet(UNetOptions(kind, (4, 4, 8, 8, 512)))
    tumour = torch.from_numpy(blob(14))[None, None].float()
    image = 80 * tumour + 20 * torch.randn(tumour.shape, generator=torch.Generator().manual_seed(1))
    gradients = []
    for half in (False, True):
        network.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            logits = network(image)
        segmentation_loss(logits.float(), tumour).backward()
        gradients.append({name: p.grad.clone() for name, p in network.named_parameters()})
    weights = [name for name in gradients[0] if name.endswith("conv.weight")]
    assert any(gradients[0][name].shape[0] == 512 for name in weights)
    for name in weights:
        cosine = torch.cosine_similarity(gradients[0][name].flatten(), gradients[1][name].flatten(), dim=0)
        assert cosine > 0.85, name


class TestChanges:
    def test_a_shift_moves_image_and_contour_alike_and_repeats_the_border(self):
        image = torch.arange(4.0).expand(1, 2, 3, 4).clone()
        still = draw_changes(1, (2, 3, 4), Augmentation(0, 0, 0, flip=False), torch.Generator().manual_seed(0))
        moved = replace(still, shift=torch.tensor([[0, 0, 2]]))
        found, contour = changed(image, image == 1, moved)
        assert found[0, 0, 0, 0].tolist() == [0, 0, 0, 1]
        assert contour[0, 0, 0, 0].tolist() == [0, 0, 0, 1]

    def test_left_and_right_are_exchanged_in_about_half(self):
        changes = draw_changes(400, SHAPE, Augmentation(), torch.Generator().manual_seed(0))
        assert 150 < int(changes.flip.sum()) < 250
        image = torch.arange(4.0).expand(2, 2, 3, 4).clone()
        two = replace(
            draw_changes(2, (2, 3, 4), Augmentation(0, 0, 0), torch.Generator()), flip=torch.tensor([True, False])
        )
        found, _ = changed(image, image > 2, two)
        assert found[:, 0, 0, 0].tolist() == [[3, 2, 1, 0], [0, 1, 2, 3]]

    def test_shifts_reach_twelve_voxels_in_plane_and_six_slices_and_no_further(self):
        changes = draw_changes(2000, SHAPE, Augmentation(), torch.Generator().manual_seed(0))
        assert changes.shift.amin(0).tolist() == [-6, -12, -12]
        assert changes.shift.amax(0).tolist() == [6, 12, 12]

    def test_brightness_and_contrast_change_the_image_alone(self):
        image = torch.full((1, *SHAPE), 50.0)
        still = draw_changes(1, SHAPE, Augmentation(0, 0, 0, flip=False), torch.Generator())
        found, contour = changed(
            image, image > 0, replace(still, gain=torch.tensor([1.1]), offset=torch.tensor([-5.0]))
        )
        assert float(found.mean()) == pytest.approx(50.0)
        assert bool((contour == 1).all())


class TestFolds:
    def test_every_patient_is_judged_by_the_one_network_that_never_saw_it(self, monkeypatch):
        data = regions(5, annotations=[1, 2, 1, 1, 2])
        fit, predict = training.fit_unet, training.packed_predictions
        fitted_to, judged = {}, []

        def recording_fit(cohort, patients, *rest, **options):
            network = fit(cohort, patients, *rest, **options)
            fitted_to[id(network)] = network, set(patients.tolist())
            return network

        def recording_predictions(network, cohort, rows, **options):
            judged.append((id(network), set(cohort.patient[rows].tolist()), rows.tolist()))
            return predict(network, cohort, rows, **options)

        monkeypatch.setattr(training, "fit_unet", recording_fit)
        monkeypatch.setattr(training, "packed_predictions", recording_predictions)
        trained = train_unet(data, QUICK, cohort="simulated")
        *_, (_, everybody) = fitted_to.values()
        assert everybody == set(range(5))
        for network, patients, _ in judged:
            assert patients == everybody - fitted_to[network][1]
        assert sorted(row for _, _, rows in judged for row in rows) == list(range(7))
        assert trained.metrics["dice"].n == 5
        assert [example.called for example in trained.examples] == ["best", "median", "worst"]
        dice = [example.dice for example in trained.examples]
        assert dice == sorted(dice, reverse=True)

    def test_metrics_average_annotations_within_patients(self, monkeypatch):
        data = regions(3, annotations=[2, 1, 1])
        pictures = {0: blob(5), 1: blob(30), 2: blob(7), 3: blob(9)}
        bits = np.stack([np.packbits(pictures[row]) for row in range(4)])

        def given(network, cohort, rows, **options):
            kept = np.zeros_like(bits)
            kept[rows] = bits[rows]
            return kept

        monkeypatch.setattr(training, "packed_predictions", given)
        trained = train_unet(data, replace(QUICK, folds=3), cohort="simulated")
        each = [compare_contours(pictures[row], data.tumours[row].numpy(), (1.0, 1.0, 1.0)) for row in range(4)]
        expected = np.mean([(each[0].dice + each[1].dice) / 2, each[2].dice, each[3].dice])
        assert trained.metrics["dice"].estimate == pytest.approx(expected)
        distances = [one.hausdorff_mm for one in each]
        expected = np.mean([(distances[0] + distances[1]) / 2, *distances[2:]])
        assert trained.metrics["hausdorff_mm"].estimate == pytest.approx(expected)

    def test_empty_predictions_are_told_and_count_as_no_agreement(self, monkeypatch):
        data = regions(4)
        bits = np.packbits(data.tumours.numpy().reshape(4, -1), axis=1)
        bits[1] = 0

        def given(network, cohort, rows, **options):
            kept = np.zeros_like(bits)
            kept[rows] = bits[rows]
            return kept

        monkeypatch.setattr(training, "packed_predictions", given)
        trained = train_unet(data, QUICK, cohort="simulated")
        assert trained.metrics["dice"].estimate == pytest.approx(0.75)
        assert trained.metrics["hausdorff_mm"].n == 3
        assert "1 of 4 predictions are empty" in trained.metrics["hausdorff95_mm"].how
        assert any("1 of 4 held-out regions the network found no tumour" in words for words in trained.warnings)
        assert trained.training.details["held_out_regions_without_a_prediction"] == 1

    def test_without_folds_nothing_is_measured_and_that_is_said(self, data):
        trained = train_unet(data, replace(QUICK, folds=0), cohort="simulated")
        assert trained.metrics == {}
        assert trained.examples == ()
        assert any("Nobody was held out" in words for words in trained.warnings)
        assert trained.normalisation.mean == pytest.approx(data.mean_intensity(np.arange(4)))

    def test_fewer_patients_than_folds_are_refused(self, data):
        with pytest.raises(InputError, match="4 patients with a tumour, fewer than 5 folds"):
            train_unet(data, replace(QUICK, folds=5), cohort="simulated")


def test_the_mean_intensity_weighs_patients_alike():
    data = regions(2, annotations=[3, 1])
    levels = torch.tensor([10.0, 10, 10, 50]).half()[:, None, None, None].expand(4, *SHAPE)
    assert replace(data, images=levels).mean_intensity(np.arange(2)) == pytest.approx(30.0)
    assert replace(data, images=levels).mean_intensity(np.array([1])) == pytest.approx(50.0)


def test_scales_are_options_and_the_papers_is_the_papers_network():
    built = {scale: UNetTrainingOptions(**preset) for scale, preset in PRESETS.items()}
    assert built[Scale.PAPER].network == UNetOptions(UNetKind.PAPER)
    assert built[Scale.STUDY].network == UNetOptions(UNetKind.COMPACT)
    assert built[Scale.QUICK].epochs < built[Scale.STUDY].epochs < built[Scale.PAPER].epochs


@pytest.mark.parametrize(
    "wrong",
    [
        {"epochs": 0},
        {"folds": 1},
        {"folds": -2},
        {"seed": -1},
        {"batch": 0},
        {"learning_rate": float("nan")},
        {"weight_decay": -1.0},
        {"spacing_mm": 0.0},
        {"channels": (4, 4, 4, 4, 4)},
    ],
    ids=str,
)
def test_options_that_cannot_be_are_refused_before_any_work(wrong):
    with pytest.raises(ValueError, match="must be|needed|is 0.2|channels are"):
        UNetTrainingOptions(**wrong)
