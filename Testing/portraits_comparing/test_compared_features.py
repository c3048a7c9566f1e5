"""Distances by features of networks, against the formula written out place by place."""

import numpy as np
import pytest
import torch
from torch import nn

from prognosis.portraits.comparing.features import FeatureNetwork, perceptual_distance, vgg16_features


class Seen(nn.Module):
    """Gives back what it is shown."""

    def forward(self, images):
        return [images]


def some(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def by_hand(one, other):
    """Zhang et al. 2018, equation 1, for one layer (c, h, w): squared distances of unit vectors, a mean over places."""
    distances = []
    for place in np.ndindex(one.shape[1:]):
        a, b = one[:, *place].double().numpy(), other[:, *place].double().numpy()
        distances.append(np.square(a / np.linalg.norm(a) - b / np.linalg.norm(b)).sum())
    return np.mean(distances)


def test_a_distance_is_a_mean_over_places_and_layers_of_squared_differences_of_unit_features():
    network = FeatureNetwork("two", validated=True, layers=lambda x: [7 * x, x[:, :2, ::2, ::2] ** 3])
    ones, others = some(3, 4, 6, 6), some(3, 4, 6, 6, seed=1)
    found = perceptual_distance(network(ones), network(others))
    for row in range(3):
        layers = zip(network.layers(ones), network.layers(others), strict=True)
        expected = np.mean([by_hand(one[row], other[row]) for one, other in layers])
        assert float(found[row]) == pytest.approx(expected, rel=1e-5)


def test_distances_run_from_nothing_to_four():
    network = FeatureNetwork("one", validated=True, layers=lambda x: [x])
    features, opposite = network(some(2, 4, 3, 3)), network(-some(2, 4, 3, 3))
    assert perceptual_distance(features, features).tolist() == [0, 0]
    assert perceptual_distance(features, opposite).tolist() == pytest.approx([4, 4])


def test_places_without_features_have_slopes_that_are_numbers():
    network = FeatureNetwork("one", validated=True, layers=lambda x: [x])
    images = torch.zeros(1, 3, 4, 4).requires_grad_()
    perceptual_distance(network(images), network(some(1, 3, 4, 4))).sum().backward()
    assert images.grad.isfinite().all()


def test_many_images_may_be_compared_with_one():
    network = FeatureNetwork("one", validated=True, layers=lambda x: [x, x.square()])
    ones, other = some(3, 4, 5, 5), some(1, 4, 5, 5, seed=1)
    together = perceptual_distance(network(ones), network(other))
    apart = [float(perceptual_distance(network(each[None]), network(other))) for each in ones]
    assert together.tolist() == pytest.approx(apart)


def test_vgg16_sees_images_from_0_to_1():
    images = torch.tensor([-1.0, 0.0, 1.0])[None, :, None, None].expand(1, 3, 16, 16)
    [seen] = vgg16_features(Seen(), validated=True).layers(images)
    assert seen[0, :, 5, 5].tolist() == [0, 0.5, 1]
    with pytest.raises(ValueError, match="16 pixels wide or more"):
        vgg16_features(Seen(), validated=True).layers(images[..., :15])
