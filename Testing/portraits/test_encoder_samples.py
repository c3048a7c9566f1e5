import pytest
import torch
from encoder_making import small_generator

from prognosis.portraits.encoding.jitter import Jitter, jittered
from prognosis.portraits.encoding.randomness import LEARNING, MEASURING, MOMENTS, randomness_for
from prognosis.portraits.encoding.samples import draw_samples, face_of
from prognosis.portraits.stylegan2.options import Noise

STILL = {
    "share": 1.0, "shift": 0.0, "scale": 0.0, "rotation_degrees": 0.0, "brightness": 0.0, "contrast": 0.0,
    "cast": 0.0, "blur": 0.0, "noise": 0.0,
}  # fmt: skip


def randomness(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def generator():
    return small_generator().requires_grad_(requires_grad=False)


@pytest.fixture
def faces():
    rows, columns = torch.meshgrid(torch.linspace(-1, 1, 64), torch.linspace(-1, 1, 64), indexing="ij")
    discs = [((rows - shift).square() + columns.square()).lt(0.2).float() - 0.5 for shift in (0.0, 0.1, 0.2, 0.3)]
    return torch.stack(discs)[:, None].repeat(1, 3, 1, 1)


class TestSamples:
    def test_faces_are_those_of_their_latents(self, generator):
        drawn = draw_samples(generator, 6, randomness())
        assert torch.allclose(drawn.z.square().mean(dim=1), torch.ones(6), atol=1e-4)
        assert torch.allclose(drawn.w, generator.map(drawn.z)[:, 0], atol=1e-5)
        without = generator(drawn.z, noise=Noise.NONE).clamp(-1, 1)
        other = generator(drawn.z.roll(1, 0), noise=Noise.NONE).clamp(-1, 1)
        assert (drawn.images - without).abs().mean() < 0.2 * (drawn.images - other).abs().mean()

    def test_each_face_has_noise_of_its_own(self, generator):
        drawn = draw_samples(generator, 2, randomness())
        left = drawn.images - generator(drawn.z, noise=Noise.NONE).clamp(-1, 1)
        assert left.abs().mean() > 1e-4
        assert not torch.allclose(left[0], left[1], atol=1e-3)

    def test_half_of_the_faces_are_truncated_by_no_more_than_asked(self, generator):
        drawn = draw_samples(generator, 200, randomness(), lowest_truncation=0.5)
        whole = generator.map(drawn.z)[:, 0] - generator.mean_w
        share = ((drawn.w - generator.mean_w) * whole).sum(dim=1) / whole.square().sum(dim=1)
        assert torch.allclose(drawn.w - generator.mean_w, share[:, None] * whole, atol=1e-4)
        assert 70 < int((share < 0.9999).sum()) < 130
        assert 0.5 <= float(share.min()) < 0.6
        assert float(share.max()) < 1.0001

    def test_colours_are_those_a_photo_can_have(self, generator):
        images = draw_samples(generator, 8, randomness()).images
        assert float(images.abs().max()) <= 1

    def test_the_same_random_numbers_give_the_same_faces(self, generator):
        first, second, other = (draw_samples(generator, 3, randomness(seed)).images for seed in (1, 1, 2))
        assert torch.equal(first, second)
        assert not torch.equal(first, other)

    def test_a_face_of_w_takes_w_in_every_layer(self, generator):
        w = generator.map(torch.randn(2, 8, generator=randomness()))
        assert torch.equal(face_of(generator, w[:, 0]), generator.synthesise(w))

    def test_learning_measuring_and_moments_never_see_the_same_numbers(self):
        streams = [(seed, what, n) for seed in (0, 1) for what in (LEARNING, MEASURING, MOMENTS) for n in (0, 1, 2)]
        first = [float(torch.rand((), generator=randomness_for(*stream), dtype=torch.float64)) for stream in streams]
        assert len(set(first)) == len(streams)
        assert float(torch.rand((), generator=randomness_for(0, LEARNING, 1), dtype=torch.float64)) == first[1]


class TestJitter:
    def test_faces_that_are_not_drawn_are_left_bit_for_bit(self, faces):
        assert torch.equal(jittered(faces, Jitter(share=0.0), randomness()), faces)

    def test_ranges_of_nothing_change_nothing(self, faces):
        assert torch.allclose(jittered(faces, Jitter(**STILL), randomness()), faces, atol=1e-5)

    def test_the_share_of_changed_faces_is_the_one_asked_for(self, faces):
        many = faces[:1].repeat(200, 1, 1, 1)
        changed = (jittered(many, Jitter(share=0.75), randomness()) != many).flatten(1).any(dim=1)
        assert 125 < int(changed.sum()) < 175

    def test_a_shift_moves_the_face_and_no_further_than_asked(self, faces):
        many = faces[:1].repeat(100, 1, 1, 1)
        moved = jittered(many, Jitter(**{**STILL, "shift": 0.05}), randomness())
        middles = _middles(moved) - _middles(many)
        assert 0.8 * 0.05 * 64 < float(middles.abs().max()) < 1.02 * 0.05 * 64
        assert float(middles.mean(dim=0).abs().max()) < 1

    def test_a_change_of_size_keeps_the_middle(self, faces):
        many = faces[:1].repeat(100, 1, 1, 1)
        sized = jittered(many, Jitter(**{**STILL, "scale": 0.1}), randomness())
        ratio = ((sized + 0.5).sum(dim=(1, 2, 3)) / (many + 0.5).sum(dim=(1, 2, 3))).sqrt()
        assert 1.06 < float(ratio.max()) < 1.12
        assert 0.89 < float(ratio.min()) < 0.94
        assert float((_middles(sized) - _middles(many)).abs().max()) < 0.1

    def test_a_rotation_turns_what_is_below_the_middle_to_the_side(self, faces):
        many = faces[3:].repeat(100, 1, 1, 1)
        turned = _middles(jittered(many, Jitter(**{**STILL, "rotation_degrees": 10.0}), randomness()))
        before = _middles(many)[0] - 31.5
        angles = torch.atan2((turned - 31.5)[:, 1], (turned - 31.5)[:, 0]) * 180 / torch.pi
        assert 8 < float(angles.abs().max()) < 10.5
        assert torch.allclose((turned - 31.5).norm(dim=1), before.norm().expand(100), atol=0.2)

    def test_brightness_contrast_and_cast_are_linear_in_the_colours(self, faces):
        names = {"brightness": 0.1, "contrast": 0.2, "cast": 0.1}
        changed = jittered(faces, Jitter(**{**STILL, **names}), randomness())
        dark, bright = changed[:, :, 0, 0], changed[:, :, 32, 32]
        gain = bright - dark
        assert float(gain.min()) > 0.7
        assert float(gain.max()) < 1.4
        assert (gain[:, 0] - gain[:, 1]).abs().max() > 0.01
        offset = (bright + dark) / 2
        assert torch.allclose(offset[:, 0], offset[:, 1], atol=1e-5)
        assert 0.01 < float(offset.abs().max()) <= 0.1

    def test_a_blur_is_a_gaussian_that_keeps_the_mean(self):
        point = torch.full((64, 3, 64, 64), -1.0)
        point[:, :, 32, 20] = 1
        blurred = jittered(point, Jitter(**{**STILL, "blur": 0.03}), randomness()) + 1
        assert torch.allclose(blurred.sum(dim=(2, 3)), torch.full((64, 3), 2.0), atol=1e-2)
        squares = (torch.arange(64.0) - 20).square()
        variance = (blurred[:, 0].sum(dim=1) * squares).sum(dim=1) / 2
        assert 1.6 < float(variance.max().sqrt()) < 0.03 * 64
        assert float(variance.min().sqrt()) < 0.4

    def test_noise_is_of_each_pixel_and_within_its_range(self):
        zero = torch.zeros(50, 3, 64, 64)
        spread = jittered(zero, Jitter(**{**STILL, "noise": 0.1}), randomness()).flatten(1).std(dim=1)
        assert 0.08 < float(spread.max()) < 0.105
        assert float(spread.min()) < 0.02

    def test_colours_stay_those_a_photo_can_have(self, faces):
        wild = Jitter(share=1.0, brightness=0.5, contrast=0.5, noise=0.5)
        assert float(jittered(2 * faces, wild, randomness()).abs().max()) <= 1

    def test_a_face_changes_alike_whatever_the_others_are(self, faces):
        others = faces.clone()
        others[1:] = -0.3
        first, second = (jittered(each, Jitter(share=1.0), randomness())[0] for each in (faces, others))
        assert torch.allclose(first, second, atol=1e-6)


def _middles(images):
    """(n, 2) row and column of the middle of what is bright."""
    weight = (images.mean(dim=1) + 0.5).clamp_min(0)
    places = torch.arange(images.shape[-1], dtype=torch.float32)
    total = weight.sum(dim=(1, 2))
    return torch.stack([(weight.sum(2) * places).sum(1) / total, (weight.sum(1) * places).sum(1) / total], dim=1)
