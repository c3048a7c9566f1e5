"""Losses of both networks against formulas and closed forms."""

import numpy as np
import pytest
import torch

from prognosis.portraits.finetuning.losses import fooled, path_lengths, slope_at_photos, told_apart


def minus_log_sigmoid(values):
    return np.log1p(np.exp(-np.asarray(values)))


def test_the_discriminator_pays_for_photos_and_generated_images_it_mistakes():
    on_photos, on_generated = [2.0, -1.0, 0.5], [-3.0, 0.25, 1.5]
    expected = minus_log_sigmoid(on_photos).mean() + minus_log_sigmoid(np.negative(on_generated)).mean()
    loss = told_apart(torch.tensor(on_photos), torch.tensor(on_generated))
    assert float(loss) == pytest.approx(expected, rel=1e-6)


def test_the_generator_pays_for_images_that_are_not_taken_for_photos():
    loss = fooled(torch.tensor([-3.0, 0.25, 1.5]))
    assert float(loss) == pytest.approx(minus_log_sigmoid([-3.0, 0.25, 1.5]).mean(), rel=1e-6)


def test_losses_stay_finite_where_the_discriminator_is_sure():
    sure = torch.tensor([1e4])
    assert float(told_apart(sure, -sure)) == 0
    assert float(told_apart(-sure, sure)) == pytest.approx(2e4)
    assert float(fooled(-sure)) == pytest.approx(1e4)


def test_the_slope_of_a_linear_discriminator_is_its_weights():
    weights = torch.randn(3, 4, 4, generator=torch.Generator().manual_seed(0)).requires_grad_()
    photos = torch.rand(5, 3, 4, 4).requires_grad_()
    slope = slope_at_photos((photos * weights).sum(dim=(1, 2, 3)) + 7, photos)
    assert float(slope.detach()) == pytest.approx(float(weights.detach().square().sum()), rel=1e-5)
    slope.backward()
    torch.testing.assert_close(weights.grad, 2 * weights.detach())


def test_the_slope_is_that_at_each_photo_and_a_mean_over_them():
    photos = torch.rand(5, 3, 4, 4).requires_grad_()
    slope = slope_at_photos(photos.square().sum(dim=(1, 2, 3)) / 2, photos)
    assert float(slope.detach()) == pytest.approx(float(photos.detach().square().sum(dim=(1, 2, 3)).mean()), rel=1e-5)


def linear_images(ws, matrices):
    """Image = sum over layers of a matrix times w."""
    return torch.einsum("nld,lcxyd->ncxy", ws, matrices)


def test_path_lengths_of_linear_images_are_those_of_their_matrices():
    """Equation 4: |J^T y| / sqrt(pixels), the root of the mean over layers."""
    matrices = torch.randn(2, 3, 4, 4, 6, generator=torch.Generator().manual_seed(1)).requires_grad_()
    ws = torch.randn(5, 2, 6).requires_grad_()
    lengths = path_lengths(linear_images(ws, matrices), ws, torch.Generator().manual_seed(9))
    direction = torch.randn(5, 3, 4, 4, generator=torch.Generator().manual_seed(9)) / 4
    moved = torch.einsum("ncxy,lcxyd->nld", direction, matrices.detach())
    torch.testing.assert_close(lengths.detach(), moved.square().sum(dim=2).mean(dim=1).sqrt())
    lengths.sum().backward()
    assert matrices.grad.abs().sum() > 0


def test_path_lengths_do_not_grow_with_the_size_of_an_image():
    """A w that brightens all pixels alike moves a random direction by sqrt(pixels), which the length leaves out."""
    means = []
    for side in (8, 32):
        ws = torch.zeros(400, 1, 1).requires_grad_()
        images = (ws[..., None] * torch.ones(1, 1, side, side)).expand(-1, 3, -1, -1)
        means.append(float(path_lengths(images, ws, torch.Generator().manual_seed(2)).square().mean().detach()))
    assert means[0] == pytest.approx(3, rel=0.2)
    assert means[1] == pytest.approx(3, rel=0.2)
