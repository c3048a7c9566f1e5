"""What each network's step adds up: penalties made up for in full, mixed latents, mirrored photos, averages."""

import itertools

import numpy as np
import pytest
import torch
from finetuning_making import few_rounds, networks, noise_photos

from prognosis.portraits.finetuning import steps as steps_module
from prognosis.portraits.finetuning.dealing import photos_of_round
from prognosis.portraits.finetuning.losses import slope_at_photos
from prognosis.portraits.finetuning.options import Precision
from prognosis.portraits.finetuning.players import Players
from prognosis.portraits.finetuning.steps import Steps
from prognosis.training.team import ALONE


class Watching:
    """Changes nothing, and keeps what was shown to the discriminator and how sure it was."""

    probability = 0.25

    def __init__(self):
        self.shown, self.observed = [], []

    def changed(self, images, _):
        self.shown.append(images.detach())
        return images

    def observe(self, signs, count):
        self.observed.append((signs, count))


def steps_of(photos=None, **options):
    options = few_rounds(precision=Precision.FLOAT32, **{"mirror": False, "path_weight": 0.0, **options})
    photos = photos or noise_photos()
    players = Players(*networks(), options)
    return Steps(players, photos, np.arange(len(photos)), options, torch.device("cpu"), ALONE, Watching())


def slopes_of_discriminator(number, **options):
    steps = steps_of(**options)
    steps.discriminator(number)
    return flat_slopes(steps.players.discriminator)


def flat_slopes(network):
    """All gradients of a network one after the other; 0 where a weight got none."""
    slopes = (torch.zeros_like(each) if each.grad is None else each.grad for each in network.parameters())
    return torch.cat([slope.flatten() for slope in slopes])


def penalty_by_hand():
    """Slopes of half the mean squared slope at the photos of the first round."""
    steps = steps_of()
    photos = steps.photos.images(photos_of_round(steps.learnt, steps.options, 0, ALONE)).requires_grad_()
    discriminator = steps.players.discriminator
    (slope_at_photos(discriminator(photos), photos) / 2).backward()
    return flat_slopes(discriminator)


def test_a_penalty_that_comes_every_few_steps_counts_for_all_of_them():
    """Lazy regularisation (Karras et al. 2020, section 3.1): the weight times the steps it stands for."""
    more, less = (slopes_of_discriminator(0, r1_weight=weight, r1_every=4) for weight in (3.0, 1.0))
    torch.testing.assert_close(more - less, 2.0 * 4 * penalty_by_hand(), rtol=1e-3, atol=1e-5)


def test_between_two_penalties_there_is_none():
    for number, same in ((1, True), (3, True), (4, False)):
        ones, others = (slopes_of_discriminator(number, r1_weight=weight, r1_every=4) for weight in (1.0, 50.0))
        assert torch.equal(ones, others) == same


def test_the_penaltys_weight_follows_from_size_and_batch_where_none_is_given():
    """0.0002 resolution^2 / batch, as StyleGAN2-ADA chooses it."""
    given = slopes_of_discriminator(0, r1_weight=0.0002 * 64**2 / 4)
    torch.testing.assert_close(slopes_of_discriminator(0), given, rtol=1e-5, atol=1e-7)
    assert not torch.allclose(given, slopes_of_discriminator(0, r1_weight=0.0002 * 64**2), rtol=1e-3)


def test_path_lengths_count_for_the_steps_between_and_are_drawn_to_their_mean(monkeypatch):
    """Lengths that are the weights of the constant: the mean follows by a hundredth, the slope is known."""
    counts = []

    def lengths(images, ws, draw):
        counts.append(len(ws))
        return steps.players.generator.synthesis.constant.sum().expand(len(ws))

    monkeypatch.setattr(steps_module, "path_lengths", lengths)
    monkeypatch.setattr(steps_module, "fooled", lambda on_generated: on_generated.sum() * 0)
    steps = steps_of(batch=8, path_weight=2.0, path_every=4)
    length = float(steps.players.generator.synthesis.constant.detach().sum())
    steps.generator(0)
    assert counts == [4]
    assert float(steps.players.path_mean) == pytest.approx(0.01 * length, rel=1e-4)
    found = steps.players.generator.synthesis.constant.grad
    torch.testing.assert_close(found, torch.full_like(found, 2.0 * 4 * 2 * 0.99 * length), rtol=1e-3, atol=1e-3)
    for number in (1, 2, 3, 4):
        steps.generator(number)
    assert counts == [4, 4]


@pytest.fixture
def drawn_ws(monkeypatch):
    """The w of each image of a generator's step; the images are grey."""
    kept = []

    def grey(_, ws, **how):
        kept.append(ws.detach())
        return torch.zeros(len(ws), 3, 64, 64) + 0 * ws.sum()

    monkeypatch.setattr("prognosis.portraits.stylegan2.generator.Generator.synthesise", grey)

    def drawing(**options):
        steps = steps_of(batch=400, **options)
        monkeypatch.setattr(steps.players, "discriminator", Grey())
        steps.generator(0)
        return kept[-1], steps.players

    return drawing


class Grey(torch.nn.Module):
    """A discriminator that says of all images the same."""

    def forward(self, images, **_):
        return images.mean(dim=(1, 2, 3))


def test_latents_are_mixed_at_any_layer_as_often_as_asked(drawn_ws):
    ws, _ = drawn_ws(mixing=0.7)
    changes = (ws[:, 1:] != ws[:, :-1]).any(dim=2)
    assert set(changes.sum(dim=1).tolist()) == {0, 1}
    assert float(changes.any(dim=1).float().mean()) == pytest.approx(0.7, abs=0.08)
    places = changes.nonzero()[:, 1]
    assert set(places.tolist()) == set(range(ws.shape[1] - 1))
    firsts, lasts = ws[:, 0], ws[changes.any(dim=1), -1]
    assert not any(torch.equal(one, other) for one, other in itertools.product(firsts[:20], lasts[:20]))


def test_without_mixing_all_layers_take_one_w(drawn_ws):
    ws, _ = drawn_ws(mixing=0.0)
    assert torch.equal(ws, ws[:, :1].expand_as(ws))


def test_the_mean_w_follows_the_latents_of_the_first_layer(drawn_ws):
    ws, players = drawn_ws(mixing=0.9)
    torch.testing.assert_close(players.generator.mean_w, 0.005 * ws[:, 0].mean(dim=0), rtol=1e-4, atol=1e-6)


def test_half_of_the_photos_are_shown_as_their_mirror_image():
    photos = noise_photos(64)
    steps = steps_of(photos, batch=64, mirror=True)
    steps.discriminator(1)
    _, shown = steps.augmenting.shown
    plain = photos.images(photos_of_round(steps.learnt, steps.options, 1, ALONE))
    same, flipped = ((shown == each).flatten(1).all(dim=1) for each in (plain, plain.flip(3)))
    assert (same ^ flipped).all()
    assert 16 < int(flipped.sum()) < 48


def test_photos_and_generated_images_are_changed_alike_and_signs_are_of_photos():
    steps = steps_of(batch=8)
    dealt = steps.photos.images(photos_of_round(steps.learnt, steps.options, 0, ALONE))
    discriminator = steps.players.discriminator
    with torch.no_grad():
        lowest, *others = discriminator(dealt).sort().values
        discriminator.output.bias.sub_((lowest + others[0]) / 2)  # then all photos but one are taken for such
    steps.discriminator(0)
    steps.generator(0)
    generated, photos, fooling = steps.augmenting.shown
    assert torch.equal(photos, dealt)
    assert generated.shape == fooling.shape == photos.shape
    assert steps.augmenting.observed == [(6.0, 8)]


def test_averages_forget_within_a_twentieth_of_what_was_shown_until_that_is_as_long_as_asked(monkeypatch):
    steps, told = steps_of(rounds=100, average_images=10), []
    monkeypatch.setattr(steps.players, "follow", told.append)
    for number in (0, 24, 49, 99):
        steps.finish(number)
    half_lives = (4 * 0.05, 100 * 0.05, 10, 10)
    assert told == pytest.approx([0.5 ** (4 / half_life) for half_life in half_lives])
