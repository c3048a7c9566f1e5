"""Fine-tuning as a whole: what is measured, warned of, and written."""

import numpy as np
import pytest
import torch
from finetuning_making import SIZE, assert_same, few_rounds, networks, noise_photos, trained, weights

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.manifest import Method
from prognosis.bundles.model_used import Description
from prognosis.cli.portraits_finetune_report import write_report
from prognosis.errors import ModelError
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.finetuning.findings import warnings_of_end
from prognosis.portraits.finetuning.finetuned_bundle import save_finetuned
from prognosis.portraits.finetuning.new_size import NewSize
from prognosis.portraits.finetuning.options import AugmentMode
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.finetuning.training import Start, finetune, new_start
from prognosis.portraits.generator_bundle import load_discriminator, load_generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

MINE = Description("my-faces", demonstration=False, licence="CC0-1.0", intended_use="A test.")
COLOURS = FeatureNetwork("mean colours", validated=False, layers=lambda images: [images])


def finetuned(photos=None, start=None, options=None, **more):
    start = start or Start(*networks(), "some-faces")
    return finetune(photos or noise_photos(), start, options or few_rounds(2), cohort="noise", **more)


@pytest.fixture(scope="module")
def measured():
    """Trained on 100 photos of one colour, a fifth of them held out."""
    photos = PhotoSet(np.full((100, 64, 64, 3), 30, np.uint8))
    shown, told = [], []
    result = finetuned(
        photos,
        options=few_rounds(30, held_out=0.2, learning_rate=0.01, average_images=20),
        features=COLOURS,
        progress=lambda step, done, total: told.append((step, done, total)),
        show=lambda images, faces: shown.append((images, faces)),
    )
    return result, shown, told


def test_faces_come_nearer_to_photos_that_were_held_out(measured):
    result, _, _ = measured
    assert (result.before.images, result.before.reference_images) == (1024, 20)
    assert result.after.kernel.value < result.before.kernel.value
    metric = result.metrics["kernel_distance"]
    assert metric.low <= metric.estimate == result.after.kernel.value <= metric.high
    assert metric.n == 20
    assert "1024 generated faces to 20 photos held out, by features of mean colours" in metric.how
    details = result.training.details
    assert (details["photos_learnt"], details["photos_held_out"]) == (80, 20)
    assert details["kernel_distance_at_start"] == result.before.kernel.value
    assert details["end_of_curve"] == result.curve[-1]
    assert not any("farther" in warning for warning in result.warnings)
    told = warnings_of_end(result.after, result.before, result.curve)
    assert "The faces are farther from the held-out photos than before the training." in told


def test_the_report_says_by_what_distances_were_measured(measured, tmp_path):
    result, _, _ = measured
    bundle = save_finetuned(tmp_path / "mine", result, MINE)
    write_report(tmp_path / "page.html", bundle, result, few_rounds(30), tmp_path)
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "by features of <bdi>mean colours, not a validated measure</bdi>" in page


def test_the_same_latents_are_shown_each_time(measured):
    result, shown, _ = measured
    assert [images for images, _ in shown] == [0, 40, 80, 120]
    assert {faces.shape for _, faces in shown} == {(32, 3, 64, 64)}
    z = torch.randn(32, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        torch.testing.assert_close(shown[-1][1], result.generator(z))


def test_progress_tells_of_measuring_and_training(measured):
    _, _, told = measured
    steps = [step for step, done, total in told if done == total]
    assert steps == ["comparing faces with photos", "training the generator", "comparing faces with photos"]


def test_few_photos_give_no_distance_and_that_is_told():
    result = finetuned()
    assert (result.before, result.after, result.metrics) == (None, None, {})
    assert "12 photos are too few to hold some out: how near faces come was not measured." in result.warnings
    assert "kernel_distance_at_start" not in result.training.details
    assert result.training.patients == 12


def test_without_a_network_to_compare_by_the_discriminator_as_it_starts_is_taken():
    photos = noise_photos(80)
    options = few_rounds(1, held_out=0.25)
    own = finetuned(photos, options=options)
    assert own.after.network == "discriminator of some-faces"
    assert "by features of discriminator of some-faces" in own.metrics["kernel_distance"].how
    assert "some-faces, not a validated measure;" in own.metrics["kernel_distance"].how
    assert any("not validated" in warning for warning in own.warnings)
    new = finetuned(photos, start=new_start(SIZE, 3), options=options)
    assert new.after.network == "discriminator of a network that learnt nothing"


def test_a_start_without_a_discriminator_is_told_and_hangs_on_the_seed():
    ends = [finetuned(start=Start(networks()[0], None, "bare-faces")) for _ in range(2)]
    assert ends[0].warnings[0] == "bare-faces has no discriminator: the training began with an untrained one."
    assert_same(weights(ends[0]), weights(ends[1]))
    assert not any("no discriminator" in warning for warning in finetuned().warnings)


def test_new_networks_hang_on_their_seed_and_leave_the_chance_of_others_alone():
    torch.manual_seed(4)
    expected = torch.rand(3)
    torch.manual_seed(4)
    one, same, other = new_start(SIZE, 1), new_start(SIZE, 1), new_start(SIZE, 2)
    assert torch.equal(torch.rand(3), expected)
    assert_same(weights(one), weights(same))
    assert not torch.equal(one.generator.synthesis.constant, other.generator.synthesis.constant)


FROZEN = ["Blocks of the discriminator were frozen that had learnt nothing", "The mapping was frozen and had learnt"]


@pytest.mark.parametrize(
    ("start", "told"),
    [
        (lambda: Start(*networks(), "some-faces"), []),
        (lambda: Start(networks()[0], None, "some-faces"), FROZEN[:1]),
        (lambda: new_start(SIZE, 3), FROZEN),
    ],
    ids=["both learnt", "no discriminator", "new"],
)
def test_weights_of_chance_that_are_frozen_are_warned_of(start, told):
    frozen = {"freeze_discriminator": 1, "freeze_mapping": True}
    warnings = finetuned(start=start(), options=few_rounds(1, **frozen)).warnings
    assert [words for words in FROZEN if any(words in warning for warning in warnings)] == told
    plain = finetuned(start=start(), options=few_rounds(1)).warnings
    assert not any("frozen" in warning for warning in plain)


@pytest.mark.parametrize(
    ("augment", "told"), [(AugmentMode.NONE, True), (AugmentMode.ADAPTIVE, False)], ids=["none", "adaptive"]
)
def test_few_photos_without_changes_are_warned_of(augment, told):
    warnings = finetuned(options=few_rounds(2, augment=augment)).warnings
    assert any("learn them by heart" in warning for warning in warnings) == told


def test_photos_left_out_and_notes_are_told():
    photos = PhotoSet(noise_photos().pixels, ("3 photos are small",), ((7, "the photo is no photo"), (9, "other")))
    warnings = finetuned(photos).warnings
    assert "3 photos are small" in warnings
    assert "Photos left out: 2; the first, number 7: the photo is no photo" in warnings


def test_changes_that_end_strong_are_warned_of():
    curve = ({"probability": 0.9},)
    assert any("above a probability of 0.8" in warning for warning in warnings_of_end(None, None, curve))
    assert warnings_of_end(None, None, ({"probability": 0.5},)) == []


def test_photos_of_another_size_are_refused():
    with pytest.raises(ModelError, match="faces of 64 pixels, photos have 128"):
        finetuned(noise_photos(8, side=128))


@pytest.mark.parametrize("half", [False, True], ids=["32 bits", "16 bits"])
def test_a_bundle_gives_both_networks_back(tmp_path, half):
    result = finetuned()
    bundle = save_finetuned(tmp_path / "mine", result, MINE, half=half)
    assert open_bundle(tmp_path / "mine").sha256 == bundle.sha256
    read = Start(load_generator(bundle), load_discriminator(bundle), "read")
    written = weights(result)
    expected = {name: tensor.half().float() if half else tensor for name, tensor in written.items()}
    got = weights(read)
    for name, tensor in expected.items():
        torch.testing.assert_close(got[name], tensor, rtol=0, atol=0, msg=name)
    manifest = bundle.manifest
    assert (manifest.name, manifest.method, manifest.demonstration) == ("my-faces", Method.PORTRAITS, False)
    assert manifest.training.cohort == "noise"
    assert manifest.training.details["started_from"] == "some-faces"
    assert manifest.training.details["options"]["augment"] == "none"
    images = result.generator(torch.ones(1, 8)), read.generator(torch.ones(1, 8))
    torch.testing.assert_close(*images, rtol=0, atol=0.05 if half else 0)


def test_what_began_with_a_demonstration_is_one(tmp_path):
    result = finetuned(start=Start(*networks(), "demo-faces", demonstration=True))
    assert result.demonstration
    assert save_finetuned(tmp_path / "mine", result, MINE).manifest.demonstration
    asked = Description("mine", demonstration=True, licence="x", intended_use="x")
    assert save_finetuned(tmp_path / "asked", finetuned(), asked).manifest.demonstration


def test_a_training_goes_on_from_the_bundle_of_another(tmp_path):
    bundle = save_finetuned(tmp_path / "first", finetuned(), MINE)
    second = finetuned(start=Start(load_generator(bundle), load_discriminator(bundle), "first"))
    direct = trained(few_rounds(2), start=(load_generator(bundle), load_discriminator(bundle)))
    assert_same(weights(second), weights(direct))


def test_the_size_of_a_new_generator():
    assert NewSize().options == GeneratorOptions(64, 64, 64, 2048, 64, 2)
    with pytest.raises(ValueError, match="resolution must be one of"):
        NewSize(resolution=65)
