import math
from dataclasses import replace

import pytest
import torch

from prognosis.portraits.augmentation.colour import draw_colours
from prognosis.portraits.augmentation.corruption import draw_cuts, draw_noise
from prognosis.portraits.augmentation.drawing import Drawing
from prognosis.portraits.augmentation.options import AugmentationOptions
from prognosis.portraits.augmentation.pipeline import Augmentation
from prognosis.portraits.augmentation.placing import draw_moves, draw_warps

ALL = AugmentationOptions(bands=True, corruption=True)
NONE = AugmentationOptions(copying=False, warping=False, colour=False)
GROUPS = ("copying", "warping", "colour", "bands", "corruption")
N = 6000


@pytest.fixture
def images():
    return torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0)) * 2 - 1


def augmented(images, options=ALL, p=0.5, seed=0):
    return Augmentation(options).augment(images, p, torch.Generator().manual_seed(seed))


def only(group):
    return replace(NONE, **{group: True})


def test_nothing_changes_bit_for_bit_where_p_is_0(images):
    assert torch.equal(augmented(images, p=0.0), images)


def test_nothing_changes_bit_for_bit_where_all_groups_are_off(images):
    assert torch.equal(augmented(images, NONE, p=1.0), images)


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_changes_images_but_not_those_that_draw_nothing(group, images):
    images = images.repeat(16, 1, 1, 1)
    found = augmented(images, only(group), p=0.1)
    same = [torch.equal(one, other) for one, other in zip(found, images, strict=True)]
    assert 0.3 < sum(same) / len(same) < 0.95
    assert found.shape == images.shape
    assert found.isfinite().all()


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_the_input_is_left_as_it_was(images, p):
    before = images.clone()
    augmented(images, p=p)
    assert torch.equal(images, before)


def test_the_generator_decides(images):
    assert torch.equal(augmented(images, seed=1), augmented(images, seed=1))
    assert not torch.equal(augmented(images, seed=1), augmented(images, seed=2))


@pytest.mark.parametrize("p", [0.2, 1.0])
def test_an_image_does_not_depend_on_the_others(images, p):
    others = images.clone()
    others[1:] = torch.rand(7, 3, 32, 32)
    torch.testing.assert_close(augmented(images, p=p)[0], augmented(others, p=p)[0], rtol=0, atol=1e-6)


def test_equal_images_are_changed_differently(images):
    found = augmented(images[:1].repeat(8, 1, 1, 1), p=1.0)
    assert len({image.sum().item() for image in found}) == 8


def test_a_warp_and_a_move_of_the_same_image_are_one():
    """A point that is copied past the border by the move and back by the warp is still there."""
    side = 32
    dot = torch.zeros(400, 3, side, side)
    dot[:, :, 14:18, 14:18] = 1
    options = replace(NONE, copying=True, warping=True)
    found = augmented(dot, options, p=1.0)
    drawing = Drawing(400, 1.0, torch.Generator().manual_seed(0))
    moves, warps = draw_moves(drawing, side).matrices(), draw_warps(drawing, side).matrices()
    x, y = ((warps @ moves)[:, axis, 2] + (side - 1) / 2 for axis in (0, 1))
    inside = (x - 15.5).abs().lt(9) & (y - 15.5).abs().lt(9)
    assert inside.sum() > 200
    line = torch.arange(side, dtype=torch.float64)
    for image, left, top in zip(found[inside, 0].double(), x[inside], y[inside], strict=True):
        # A mirror image may enter by the border; what is within 5 pixels of the place is the dot.
        near = image * ((line[None] - left).square() + (line[:, None] - top).square() < 36)
        assert (near.sum(0) @ line / near.sum() - left).abs() < 0.75
        assert (near.sum(1) @ line / near.sum() - top).abs() < 0.75


@pytest.mark.parametrize("p", [0.1, 0.5, 1.0])
def test_how_often_things_are_done_follows_p(p):
    drawing = Drawing(N, p, torch.Generator().manual_seed(3))
    moves, warps, colours = draw_moves(drawing, 64), draw_warps(drawing, 64), draw_colours(drawing)
    is_cut, _ = draw_cuts(drawing)
    shares = {
        "mirrored": (moves.mirrored != 0, p / 2),
        "turned": (moves.quarters != 0, p * 3 / 4),
        "shifted": ((moves.shift != 0).any(dim=1), p * (1 - 1 / 16**2)),
        "scaled": (warps.scale != 1, p),
        "stretched": (warps.stretch != 1, p),
        "rotated": ((warps.before != 0) | (warps.after != 0), p),
        "moved": ((warps.shift != 0).any(dim=1), p),
        "brightness": (colours.brightness != 0, p),
        "contrast": (colours.contrast != 1, p),
        "inverted": (colours.inverted != 0, p / 2),
        "hue": (colours.hue != 0, p),
        "saturation": (colours.saturation != 1, p),
        "noise": (draw_noise(drawing) != 0, p),
        "cut": (is_cut, p),
    }
    found = {name: happened.double().mean().item() for name, (happened, _) in shares.items()}
    assert found == {name: pytest.approx(share, abs=0.025) for name, (_, share) in shares.items()}


def test_how_strong_changes_are_is_that_of_the_paper():
    drawing = Drawing(N, 1.0, torch.Generator().manual_seed(4))
    moves, warps, colours = draw_moves(drawing, 64), draw_warps(drawing, 64), draw_colours(drawing)
    assert moves.shift.abs().max() == 8
    assert moves.quarters.unique().tolist() == [0, 1, 2, 3]
    spread = {
        "scale": warps.scale.log2(),
        "stretch": warps.stretch.log2(),
        "shift": warps.shift,
        "brightness": colours.brightness,
        "contrast": colours.contrast.log2(),
        "saturation": colours.saturation.log2(),
        "hue": colours.hue,
        "before": warps.before,
    }
    circle = math.pi / math.sqrt(3)
    expected = {
        "scale": 0.2,
        "stretch": 0.2,
        "shift": 8.0,
        "brightness": 0.2,
        "contrast": 0.5,
        "saturation": 1.0,
        "hue": circle,
        "before": circle,
    }
    found = {name: values.std().item() for name, values in spread.items()}
    assert found == {name: pytest.approx(value, rel=0.05) for name, value in expected.items()}
    noise = draw_noise(drawing)
    assert noise.square().mean().sqrt() == pytest.approx(0.1, rel=0.05)
    assert noise.min() >= 0
    _, centres = draw_cuts(drawing)
    assert centres.mean(dim=0).tolist() == pytest.approx([0.5, 0.5], abs=0.02)


def test_an_image_at_a_time_and_a_batch_are_changed_as_often():
    """Draws of one image do not repeat from call to call of one generator."""
    generator = torch.Generator().manual_seed(0)
    augmentation = Augmentation(only("corruption"))
    image = torch.ones(1, 3, 8, 8)
    changed = [not torch.equal(augmentation.augment(image, 0.5, generator), image) for _ in range(200)]
    assert sum(changed) / 200 == pytest.approx(0.75, abs=0.1)


def test_noise_is_never_the_same_twice():
    generator = torch.Generator().manual_seed(0)
    augmentation = Augmentation(only("corruption"))
    photo = torch.full((1, 3, 16, 16), 0.5)
    first, second = (augmentation.augment(photo, 1.0, generator) for _ in range(2))
    both = (first != 0) & (second != 0)  # neither is cut out
    assert both.sum() > 50
    alike = ((first > 0.5) == (second > 0.5))[both].double().mean()
    assert alike == pytest.approx(0.5, abs=0.2)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("group", GROUPS)
def test_images_on_a_cuda_device_are_changed_as_on_the_cpu(images, group):
    expected = augmented(images, only(group), p=0.8)
    found = augmented(images.cuda(), only(group), p=0.8)
    assert found.device.type == "cuda"
    torch.testing.assert_close(found.cpu(), expected, rtol=0, atol=1e-4)


def test_no_images_are_no_images():
    assert augmented(torch.zeros(0, 3, 16, 16)).shape == (0, 3, 16, 16)


@pytest.mark.parametrize(
    "wrong",
    [torch.zeros(3, 16, 16), torch.zeros(2, 1, 16, 16), torch.zeros(2, 3, 16, 8), torch.zeros(2, 3, 16, 16).half()],
    ids=["one image", "greyscale", "not square", "half precision"],
)
def test_what_is_no_batch_of_images_is_refused(wrong):
    with pytest.raises(ValueError, match="images must be"):
        augmented(wrong)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_what_is_no_probability_is_refused(images, p):
    with pytest.raises(ValueError, match="probability"):
        augmented(images, p=p)
