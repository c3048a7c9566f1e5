"""Training both networks: it learns, goes on where it was, and stops where numbers are none."""

import math

import numpy as np
import pytest
import torch
from finetuning_making import assert_same, few_rounds, networks, noise_photos, trained, weights

from prognosis.errors import CancelledError, InputError, UsageError
from prognosis.portraits.finetuning import steps
from prognosis.portraits.finetuning.options import AugmentMode, Precision
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.training.team import Team

SURE = {"augment": AugmentMode.ADAPTIVE, "augment_target": 0.01, "augment_images": 40}


def counting(told):
    """A progress that keeps how many photos were shown."""
    return lambda *step_done_total: told.append(step_done_total[1])


def stopping_after(rounds, batch=4):
    """A progress that is cancelled after so many rounds."""

    def stop(step, done, total):
        if done == rounds * batch:
            raise CancelledError("stopped")

    return stop


@pytest.mark.parametrize(
    "options",
    [{}, SURE, {"augment": AugmentMode.FIXED, "mixing": 0.0}, {"freeze_discriminator": 1, "mirror": False}],
    ids=["no changes", "adaptive changes", "fixed changes, no mixing", "frozen, not mirrored"],
)
def test_a_training_that_is_cancelled_goes_on_as_if_it_had_not_been(tmp_path, options):
    options = few_rounds(**options)
    whole = trained(options)
    for rounds in (2, 5):
        with pytest.raises(CancelledError):
            trained(options, state_folder=tmp_path, progress=stopping_after(rounds))
    told = []
    resumed = trained(options, state_folder=tmp_path, progress=counting(told))
    assert told == [24]
    assert_same(weights(resumed), weights(whole))
    assert resumed.curve == whole.curve


def test_an_interruption_within_a_step_repeats_that_step(tmp_path, monkeypatch):
    options = few_rounds(**SURE)
    whole = trained(options)
    judge, calls = steps.fooled, []

    def interrupted(on_generated):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return judge(on_generated)

    monkeypatch.setattr(steps, "fooled", interrupted)
    with pytest.raises(KeyboardInterrupt):
        trained(options, state_folder=tmp_path)
    resumed = trained(options, state_folder=tmp_path)
    assert_same(weights(resumed), weights(whole))
    assert resumed.curve == whole.curve


@pytest.mark.parametrize("change", ["seed", "photos", "weights", "learnt"])
def test_the_state_of_another_training_is_not_gone_on_with(tmp_path, change):
    with pytest.raises(CancelledError):
        trained(few_rounds(), state_folder=tmp_path, progress=stopping_after(3))
    told = []
    trained(
        few_rounds(seed=6 if change == "seed" else 5),
        noise_photos(count=11 if change == "learnt" else 12, seed=change == "photos"),
        start=networks(seed=2 if change == "weights" else 1),
        state_folder=tmp_path,
        progress=counting(told),
    )
    assert told == [4, 8, 12, 16, 20, 24]


def test_adaptive_changes_begin_where_the_discriminator_is_sure_of_photos():
    """Photos of one colour are told from a new generator's images at once."""
    photos = PhotoSet(np.full((12, 64, 64, 3), 250, np.uint8))
    options = {"learning_rate": 0.01, "snapshots": 1}
    sure = trained(few_rounds(24, **SURE, **options), photos).curve
    assert max(record["sign_on_photos"] for record in sure) == 1
    assert max(record["probability"] for record in sure) > 0.3
    assert {record["probability"] for record in trained(few_rounds(12, **options), photos).curve} == {0.0}


def test_faces_take_the_colour_of_photos_that_have_but_one():
    colour = np.array([210, 60, 30], np.uint8)
    photos = PhotoSet(np.broadcast_to(colour, (16, 64, 64, 3)).copy())
    z = torch.randn(64, 8, generator=torch.Generator().manual_seed(3))

    def far(generator):
        with torch.no_grad():
            mean = generator(z).mean(dim=(0, 2, 3)).numpy()
        return np.abs(mean - (colour / 127.5 - 1)).max()

    assert far(networks()[0]) > 1
    options = {"learning_rate": 0.01, "r1_weight": 5.0, "path_weight": 0.0, "average_images": 200}
    options |= {"precision": Precision.FLOAT32, "batch": 8}
    assert far(trained(few_rounds(80, **options), photos).generator) < 0.3


def test_the_curve_tells_of_the_whole_training():
    curve = trained(few_rounds(12, snapshots=1, r1_every=2)).curve
    assert [record["images"] for record in curve] == [8, 12, 16, 20, 24, 32, 36, 40, 44, 48]
    assert all(math.isfinite(value) for record in curve for value in record.values())
    assert curve[-1]["r1"] > 0
    assert curve[-1]["path_length"] > 0
    assert -1 <= curve[-1]["sign_on_photos"] <= 1


def test_a_path_length_that_was_not_measured_is_not_told():
    assert "path_length" not in trained(few_rounds(2, path_weight=0.0)).curve[-1]


def test_faces_are_shown_at_the_start_and_at_each_snapshot():
    shown = []
    fitted = trained(few_rounds(6), show=lambda images, generator: shown.append((images, generator)))
    assert [images for images, _ in shown] == [0, 8, 16, 24]
    assert shown[-1][1] is fitted.generator


def test_a_snapshot_is_shown_also_where_the_training_was_stopped_at_it(tmp_path):
    shown = []

    def show(*images_generator):
        shown.append(images_generator[0])

    with pytest.raises(CancelledError):
        trained(few_rounds(6), state_folder=tmp_path, show=show, progress=stopping_after(4))
    assert shown == [0, 8]
    trained(few_rounds(6), state_folder=tmp_path, show=show)
    assert shown == [0, 8, 16, 24]


def test_a_loss_that_is_no_number_ends_the_training_and_keeps_the_state_before(tmp_path, monkeypatch):
    whole = trained(few_rounds())
    with pytest.raises(CancelledError):
        trained(few_rounds(), state_folder=tmp_path, progress=stopping_after(2))
    kept = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(steps, "fooled", lambda on_generated: on_generated.mean() * math.nan)
        with pytest.raises(InputError, match=r"diverged after 8 photos.*Lower the learning rate"):
            trained(few_rounds(), state_folder=tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == kept
    assert_same(weights(trained(few_rounds(), state_folder=tmp_path)), weights(whole))


def test_a_slope_that_is_no_number_ends_the_training_before_it_spoils_weights(monkeypatch):
    """The penalty is 0, but the root's slope at 0 times 0 is none."""
    monkeypatch.setattr(steps, "slope_at_photos", lambda *given: (given[0] * 0).sqrt().sum())
    start = networks()
    with pytest.raises(InputError, match="diverged after 0 photos"):
        trained(few_rounds(), start=start)
    assert all(tensor.isfinite().all() for network in start for tensor in network.state_dict().values())


def test_a_learning_rate_far_too_high_is_told():
    with pytest.raises(InputError, match="diverged after"):
        trained(few_rounds(learning_rate=1e30))


@pytest.mark.parametrize("precision", list(Precision))
def test_every_kind_of_number_trains(precision):
    fitted = trained(few_rounds(2, precision=precision))
    assert all(tensor.isfinite().all() and tensor.dtype == torch.float32 for tensor in weights(fitted).values())


def test_a_batch_that_processes_cannot_share_is_refused():
    with pytest.raises(UsageError, match="dealt out to 2 processes in groups of 4.*multiple of 8"):
        trained(few_rounds(batch=12), team=Team(0, 2))


def test_more_frozen_blocks_than_there_are_are_refused():
    with pytest.raises(UsageError, match="5 blocks cannot keep their weights: the discriminator has 4"):
        trained(few_rounds(freeze_discriminator=5))
