from dataclasses import replace

import pytest
import torch
from encoder_making import SMALL

from prognosis.portraits.encoding.network import Encoder, seen
from prognosis.portraits.encoding.options import EncoderOptions, EncoderTrainingOptions, encoder_options
from prognosis.portraits.stylegan2.options import GeneratorOptions

WIDE = EncoderOptions(512, 8, 6, channels=(2, 2, 4, 4, 4, 4), hidden=8)


def encoder_of(options, seed=0):
    torch.manual_seed(seed)
    return Encoder(options).eval()


@pytest.mark.parametrize("options", [SMALL, WIDE, replace(SMALL, z_dim=5, w_dim=7)], ids=["64", "512", "z not w"])
def test_a_guess_has_both_latents_and_z_has_the_length_it_must(options):
    images = torch.rand(3, 3, options.resolution, options.resolution) * 2 - 1
    with torch.no_grad():
        guess = encoder_of(options)(images)
    assert guess.w.shape == (3, options.w_dim)
    assert guess.z.shape == (3, options.z_dim)
    assert torch.allclose(guess.z.square().sum(dim=1), torch.full((3,), float(options.z_dim)), rtol=1e-4)
    assert not torch.allclose(guess.z[0], guess.z[1])


def test_a_guess_does_not_depend_on_the_other_faces():
    images = torch.rand(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    encoder = encoder_of(SMALL)
    with torch.no_grad():
        together = encoder(images)
        alone = [encoder(image[None]) for image in images]
    assert torch.allclose(together.z, torch.cat([one.z for one in alone]), atol=1e-5)
    assert torch.allclose(together.w, torch.cat([one.w for one in alone]), atol=1e-5)


def test_colours_beyond_what_photos_have_are_cut():
    images = 3 * torch.randn(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    encoder = encoder_of(SMALL)
    with torch.no_grad():
        assert torch.equal(encoder(images).w, encoder(images.clamp(-1, 1)).w)
        assert not torch.equal(encoder(images).w, encoder(images / 3).w)


def test_wide_images_are_shrunk_by_means_and_narrow_ones_are_not():
    image = torch.rand(1, 3, 512, 512) * 2 - 1
    by_hand = image.unflatten(3, (256, 2)).unflatten(2, (256, 2)).mean(dim=(3, 5))
    assert torch.allclose(seen(image, WIDE), by_hand, atol=1e-6)
    narrow = image[:, :, :64, :64]
    assert torch.equal(seen(narrow, SMALL), narrow)


def test_an_encoder_that_knows_nothing_guesses_the_mean_w():
    encoder = encoder_of(SMALL)
    encoder.w_mean.copy_(torch.arange(8.0))
    encoder.w_sd.fill_(5.0)
    with torch.no_grad():
        encoder.to_w.weight.zero_()
        encoder.to_w.bias.zero_()
        encoder.to_w.bias[2] = 1.0
        w = encoder(torch.zeros(1, 3, 64, 64)).w[0]
    assert w.tolist() == [0, 1, 7, 3, 4, 5, 6, 7]


def test_the_place_of_what_is_seen_matters():
    left, right = torch.zeros(2, 1, 3, 64, 64)
    left[..., 16:48, 4:20] = 1
    right[..., 16:48, 44:60] = 1
    with torch.no_grad():
        encoder = encoder_of(SMALL)
        assert (encoder(left).w - encoder(right).w).abs().max() > 0.01


@pytest.mark.parametrize(
    "shape", [(2, 3, 32, 32), (2, 1, 64, 64), (3, 64, 64), (2, 3, 64, 32)], ids=["small", "grey", "one", "oblong"]
)
def test_images_of_another_shape_are_refused(shape):
    with pytest.raises(ValueError, match=r"reads \(n, 3, 64, 64\)"):
        encoder_of(SMALL)(torch.zeros(shape))


def test_the_encoder_of_the_demonstration_size_has_half_a_million_parameters():
    options = encoder_options(GeneratorOptions(64, z_dim=64, w_dim=64, channel_max=64))
    count = sum(parameter.numel() for parameter in Encoder(options).parameters())
    assert 400_000 < count < 600_000


@pytest.mark.parametrize("resolution", [64, 128, 256, 512, 1024])
def test_every_generator_has_an_encoder_that_loses_no_dimension_on_the_way(resolution):
    options = encoder_options(GeneratorOptions(resolution, z_dim=512, w_dim=256))
    assert (options.resolution, options.z_dim, options.w_dim) == (resolution, 512, 256)
    assert options.hidden >= 512
    assert options.seen == min(resolution, 256)
    assert options.channels[-1] * 16 >= 512


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": (4, 8, 8)},
        {"channels": (4, 8, 8, 0)},
        {"channels": (4, 8, 8, 8.0)},
        {"resolution": 48},
        {"resolution": 8},
        {"hidden": 0},
        {"z_dim": -1},
        {"w_dim": True},
    ],
    ids=str,
)
def test_sizes_that_cannot_be_are_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        replace(SMALL, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch": 0},
        {"views": 0},
        {"batch": 1, "views": 1, "feature_share": 0.0},
        {"learning_rate": 0.0},
        {"learning_rate": float("nan")},
        {"lowest_truncation": 0.0},
        {"lowest_truncation": 1.5},
        {"feature_share": -0.1},
        {"feature_weight": float("inf")},
        {"feature_images": 1},
        {"feature_images": 65},
        {"held_out": 1},
        {"seed": -1},
    ],
    ids=str,
)
def test_trainings_that_cannot_be_are_refused_before_any_work(wrong):
    with pytest.raises(ValueError, match="must be"):
        EncoderTrainingOptions(**wrong)


def test_a_small_batch_needs_no_faces_to_compare_where_none_are_compared():
    options = EncoderTrainingOptions(batch=4, feature_share=0.0)
    assert options.first_comparing_step == options.steps
    assert EncoderTrainingOptions(steps=100, feature_share=0.25).first_comparing_step == 75
