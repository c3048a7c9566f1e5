"""Telling persons apart by networks made for other ends."""

import math

import pytest
import torch

from prognosis.portraits.comparing.features import FeatureNetwork, discriminator_features
from prognosis.portraits.comparing.identity import identity_distance, network_identity
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.options import GeneratorOptions


@pytest.fixture(scope="module")
def measure():
    torch.manual_seed(0)
    options = GeneratorOptions(64, z_dim=8, w_dim=8, channel_base=512, channel_max=16)
    return network_identity(discriminator_features(Discriminator(options), "a-small-model"))


def some_images(count, seed=0):
    return torch.rand(count, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 2 - 1


@pytest.mark.parametrize(
    ("degrees", "distance"), [(0, 0.0), (60, 0.5), (90, 1.0), (180, 2.0)], ids=lambda value: str(value)
)
def test_the_distance_is_one_less_the_cosine(degrees, distance):
    angle = math.radians(degrees)
    one, other = torch.tensor([[1.0, 0.0]]), torch.tensor([[math.cos(angle), math.sin(angle)]])
    assert identity_distance(one, other).tolist() == pytest.approx([distance], abs=1e-6)


def test_many_faces_may_be_compared_with_one():
    many = torch.eye(3)
    assert identity_distance(many, many[:1]).tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("shape", [(2, 3), (3, 4), (3,)], ids=["another number", "another length", "no rows"])
def test_vectors_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match="vectors must be"):
        identity_distance(torch.zeros(3, 3), torch.zeros(shape))


def test_a_networks_name_says_that_it_is_not_validated(measure):
    assert measure.name == "discriminator of a-small-model, not a validated identity measure"
    assert measure.validated is False


def test_even_a_network_that_is_validated_for_looks_is_not_for_persons():
    network = FeatureNetwork("VGG16", validated=True, layers=lambda images: [images, images])
    assert network_identity(network).validated is False


def test_vectors_are_of_length_one_and_without_gradients(measure):
    vectors = measure.embed(some_images(3).requires_grad_())
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(3))
    assert not vectors.requires_grad


def test_faces_do_not_depend_on_those_beside_them(measure):
    images = some_images(40)
    torch.testing.assert_close(measure.embed(images)[35:], measure.embed(images[35:]), rtol=1e-4, atol=1e-5)


def test_a_changed_face_is_nearer_than_another(measure):
    ones, others = some_images(4), some_images(4, seed=1)
    changed = (ones + 0.1 * others).clamp(-1, 1)
    base = measure.embed(ones)
    assert (identity_distance(base, measure.embed(changed)) < identity_distance(base, measure.embed(others))).all()


def test_what_is_in_the_picture_counts_and_not_where():
    network = FeatureNetwork("colours", validated=False, layers=lambda images: [images, images])
    measure = network_identity(network)
    images = some_images(2)
    mirrored, other = images.flip(3), images.flip(1) + torch.tensor([0.5, 0, 0])[:, None, None]
    vectors = measure.embed(images)
    assert identity_distance(vectors, measure.embed(mirrored)).max() < 1e-6
    assert identity_distance(vectors, measure.embed(other)).min() > 1e-3


def test_what_is_beside_the_face_does_not_count():
    network = FeatureNetwork("colours", validated=False, layers=lambda images: [images, images[:, :, ::8, ::8]])
    measure = network_identity(network)
    images, elsewhere = some_images(2), some_images(2)
    elsewhere[:, :, :14] = -1
    elsewhere[:, :, :, :8] = 1
    elsewhere[:, :, :, 57:] = 0.5
    on_face = images.clone()
    on_face[:, :, 30:40, 24:40] = -1
    vectors = measure.embed(images)
    assert identity_distance(vectors, measure.embed(elsewhere)).max() == 0
    assert identity_distance(vectors, measure.embed(on_face)).min() > 1e-4


def test_a_layer_of_one_place_counts_as_it_is():
    network = FeatureNetwork("means", validated=False, layers=lambda x: [x, x.mean(dim=(2, 3), keepdim=True)])
    assert network_identity(network).embed(some_images(2)).isfinite().all()


def test_only_the_two_deepest_layers_count():
    def by_layers(*depths):
        layers = {0: lambda x: x, 1: lambda x: x.square(), 2: lambda x: x.abs()}
        return network_identity(FeatureNetwork("some", False, lambda x: [layers[depth](x) for depth in depths]))

    images = some_images(2)
    three = by_layers(0, 1, 2).embed(images)
    torch.testing.assert_close(three, by_layers(1, 2).embed(images))
    assert not torch.allclose(three, by_layers(0, 2).embed(images))
