"""What changes in a training beside weights: averages, what is frozen, and how often images are changed."""

import pytest
import torch
from finetuning_making import assert_same, few_rounds, networks, trained, weights

from prognosis.portraits.comparing.features import discriminator_features
from prognosis.portraits.finetuning.augmenting import STATE_SIZE, Augmenting
from prognosis.portraits.finetuning.options import AugmentMode, FinetuneOptions
from prognosis.portraits.finetuning.players import Players


def players(**options):
    return Players(*networks(), few_rounds(**options))


def test_averaged_weights_are_half_way_after_their_half_life():
    both = players()
    before = {name: tensor.clone() for name, tensor in both.averaged.named_parameters()}
    with torch.no_grad():
        for parameter in both.generator.parameters():
            parameter.add_(1)
        both.generator.mean_w.fill_(3)
    half_life, batch = 1000, 50
    for _ in range(half_life // batch):
        both.follow(0.5 ** (batch / half_life))
    for name, tensor in both.averaged.named_parameters():
        torch.testing.assert_close(tensor, before[name] + 0.5, msg=name)
    assert (both.averaged.mean_w == 3).all()


def test_a_training_averages_over_the_images_it_is_told_to():
    """The generator is the same, so a longer memory only keeps the average nearer to where it began."""
    begun = networks()[0].state_dict()["synthesis.constant"]
    ends = {}
    for images in (1, 100_000):
        generator, discriminator = networks()
        average = trained(few_rounds(40, average_images=images), start=(generator, discriminator)).generator
        ends[images] = (generator.synthesis.constant.detach(), average.synthesis.constant.detach())
    assert torch.equal(ends[1][0], ends[100_000][0])
    assert torch.linalg.norm(ends[1][1] - ends[1][0]) < torch.linalg.norm(ends[100_000][1] - ends[100_000][0])
    assert not torch.equal(ends[100_000][1], begun)  # at first it forgets within a twentieth of what was shown


@pytest.mark.parametrize("path_weight", [0.0, 2.0], ids=["without path lengths", "with path lengths"])
def test_a_frozen_mapping_keeps_its_weights_and_nothing_else_does(path_weight):
    generator, discriminator = networks()
    before = weights(type("Both", (), {"generator": generator, "discriminator": discriminator}))
    before = {name: tensor.clone() for name, tensor in before.items()}
    after = weights(trained(few_rounds(freeze_mapping=True, path_weight=path_weight), start=(generator, discriminator)))
    kept = {name for name, tensor in after.items() if torch.equal(tensor, before[name])}
    frozen = {name for name in after if name.startswith("generator.mapping.")}
    constant = {name for name in after if name.endswith(".noise") or ".resampling." in name}
    assert kept == frozen | constant


def test_frozen_blocks_of_the_discriminator_keep_their_weights_and_no_others_do():
    generator, discriminator = networks()
    before = {name: tensor.clone() for name, tensor in discriminator.state_dict().items()}
    after = trained(few_rounds(freeze_discriminator=2), start=(generator, discriminator)).discriminator.state_dict()
    kept = {name for name, tensor in after.items() if torch.equal(tensor, before[name])}
    frozen = {name for name in before if name.startswith(("colours.", "blocks.0.", "blocks.1."))}
    assert kept == frozen | {name for name in before if ".resampling." in name}


def test_networks_that_compared_images_before_learn_all_the_same():
    generator, discriminator = networks()
    discriminator_features(discriminator, "x")
    generator.requires_grad_(requires_grad=False)
    after = weights(trained(few_rounds(2), start=(generator, discriminator)))
    assert_same(after, weights(trained(few_rounds(2))))


def observed(mode, sign, batches=40, **options):
    state = torch.zeros(STATE_SIZE, dtype=torch.float64)
    augmenting = Augmenting(FinetuneOptions(augment=mode, augment_images=1000, **options), state)
    told = []
    for _ in range(batches):
        augmenting.observe(sign * 16, 16)
        told.append(augmenting.probability)
    return told, augmenting, state


def test_the_probability_rises_while_the_discriminator_is_sure_and_falls_when_it_is_not():
    told, augmenting, _ = observed(AugmentMode.ADAPTIVE, 0.9)
    assert told[-1] == pytest.approx(40 * 16 / 1000)
    assert told == sorted(told)
    for _ in range(20):
        augmenting.observe(0.1 * 16, 16)
    assert augmenting.probability == pytest.approx(20 * 16 / 1000)


def test_the_probability_goes_on_from_the_state_that_was_kept():
    told, _, state = observed(AugmentMode.ADAPTIVE, 0.9)
    resumed = Augmenting(FinetuneOptions(augment_images=1000), state.clone())
    assert resumed.probability == told[-1]


@pytest.mark.parametrize(("mode", "p"), [(AugmentMode.NONE, 0.0), (AugmentMode.FIXED, 0.3)])
def test_other_probabilities_stay_what_they_are(mode, p):
    told, augmenting, state = observed(mode, 1.0, augment_probability=0.3)
    assert set(told) == {p}
    assert not state.any()
    images = torch.rand(8, 3, 64, 64) * 2 - 1
    changed = augmenting.changed(images, torch.Generator().manual_seed(0))
    assert torch.equal(changed, images) == (p == 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"batch": 6}, "multiple of 4"),
        ({"images": 16}, "at least a batch"),
        ({"snapshots": 0}, "counts must be 1"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"r1_weight": float("nan")}, "weights must be 0 or more"),
        ({"path_weight": float("inf")}, "weights must be 0 or more"),
        ({"mixing": 1.5}, "shares from 0 to 1"),
        ({"augment_target": 1.0}, "augment_target must lie"),
        ({"held_out": 1.0}, "held_out from 0"),
        ({"seed": -1}, "seed must be 0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_options_that_cannot_be_are_refused(changes, words):
    with pytest.raises(ValueError, match=words):
        FinetuneOptions(**changes)
