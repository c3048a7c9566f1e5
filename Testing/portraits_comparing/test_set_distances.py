"""Distances between sets of images against closed forms, another program, and plain loops."""

import itertools

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import ortho_group

from prognosis.errors import InputError
from prognosis.portraits.comparing.distribution import frechet_distance, image_features, set_distance
from prognosis.portraits.comparing.features import FeatureNetwork, discriminator_features
from prognosis.portraits.comparing.kernel_distance import kernel_distance
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.options import GeneratorOptions

COLOURS = FeatureNetwork("colours", validated=True, layers=lambda images: [images.square(), images])


def drawn(count, features, *, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (count, features))


def of_moments(mean, covariance, count, seed=0):
    """Features whose sample mean and covariance are exactly these."""
    raw = drawn(count, len(mean), seed=seed)
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(np.atleast_2d(np.cov(raw, rowvar=False)))).T
    return white @ np.linalg.cholesky(covariance).T + mean


def some_images(count, *, seed=0, shift=0.0):
    random = torch.Generator().manual_seed(seed)
    tint = torch.randn(count, 3, 1, 1, generator=random) * 0.2
    return (torch.randn(count, 3, 8, 8, generator=random) * 0.1 + tint + shift).clamp(-1, 1)


def test_frechet_distance_of_numbers_is_that_of_means_and_spreads():
    ones, others = of_moments([1.0], [[4.0]], 50), of_moments([3.0], [[25.0]], 80, seed=1)
    assert frechet_distance(ones, others) == pytest.approx((1 - 3) ** 2 + (2 - 5) ** 2)


def test_frechet_distance_of_turned_normal_distributions_has_a_closed_form():
    axes = ortho_group.rvs(6, random_state=0)
    first, second = np.array([1, 2, 3, 4, 5, 6.0]), np.array([9, 1, 4, 1, 2, 0.5])
    means = np.zeros(6), np.arange(6) / 10
    ones, others = (
        of_moments(mean, axes @ np.diag(spread) @ axes.T, 40, seed=seed)
        for seed, (mean, spread) in enumerate(zip(means, (first, second), strict=True))
    )
    expected = np.square(means[1]).sum() + np.square(np.sqrt(first) - np.sqrt(second)).sum()
    assert frechet_distance(ones, others) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("features", [2, 10, 40])
def test_frechet_distance_agrees_with_a_general_matrix_root(features):
    ones = drawn(200, features) @ drawn(features, features, seed=1)
    others = drawn(150, features, seed=2) @ drawn(features, features, seed=3) + 0.3
    first, second = np.cov(ones, rowvar=False), np.cov(others, rowvar=False)
    apart = np.square(ones.mean(axis=0) - others.mean(axis=0)).sum()
    expected = apart + np.trace(first + second - 2 * sqrtm(first @ second).real)
    assert frechet_distance(ones, others) == pytest.approx(expected, rel=1e-8)


def test_frechet_distance_of_a_set_from_itself_is_nothing_even_where_covariances_are_singular():
    few = drawn(12, 60, shift=5)
    assert frechet_distance(few, few) == pytest.approx(0, abs=1e-5)
    constant = np.ones((12, 60))
    assert frechet_distance(constant, constant) == 0


def test_frechet_distance_of_few_images_is_that_of_their_centred_products():
    """With singular covariances tr (C1 C2)^(1/2) is the sum of the singular values of A B^T, C1 = A^T A, C2 = B^T B."""
    ones, others = drawn(12, 60), drawn(15, 60, seed=1, shift=0.2)
    a, b = ((x - x.mean(axis=0)) / np.sqrt(len(x) - 1) for x in (ones, others))
    apart = np.square(ones.mean(axis=0) - others.mean(axis=0)).sum()
    expected = apart + np.square(a).sum() + np.square(b).sum() - 2 * np.linalg.svd(a @ b.T, compute_uv=False).sum()
    assert frechet_distance(ones, others) == pytest.approx(expected, rel=1e-6)


def looped_kernel_distance(ones, others, people_one, people_two):
    def kernel(x, y):
        return (float(x @ y) / len(x) + 1) ** 3

    def within(values, people):
        pairs = [(i, j) for i, j in itertools.permutations(range(len(values)), 2) if people[i] != people[j]]
        return np.mean([kernel(values[i], values[j]) for i, j in pairs])

    between = np.mean([kernel(x, y) for x in ones for y in others])
    return within(ones, people_one) + within(others, people_two) - 2 * between


@pytest.mark.parametrize("several", [False, True], ids=["an image each", "several images of a person"])
def test_kernel_distance_agrees_with_plain_loops(several):
    ones, others = drawn(17, 5), drawn(12, 5, seed=1, shift=0.4)
    people = (np.arange(17) // 3 * 10, np.arange(12) // 2) if several else (np.arange(17), np.arange(12))
    value = kernel_distance(ones, others, people=people, bootstraps=1)[0].value
    assert value == pytest.approx(looped_kernel_distance(ones, others, *people), rel=1e-10)
    if not several:
        assert value == kernel_distance(ones, others, bootstraps=1)[0].value


def test_kernel_distance_goes_through_many_rows_in_parts():
    ones, others = drawn(1500, 3), drawn(40, 3, seed=1)
    k = {
        name: (x @ y.T / 3 + 1) ** 3
        for name, x, y in (("11", ones, ones), ("22", others, others), ("12", ones, others))
    }
    expected = sum((k[n].sum() - np.trace(k[n])) / (len(k[n]) * (len(k[n]) - 1)) for n in ("11", "22"))
    expected -= 2 * k["12"].mean()
    assert kernel_distance(ones, others, bootstraps=2)[0].value == pytest.approx(expected, rel=1e-9)


def test_kernel_distance_of_sets_of_one_origin_is_nothing_on_average():
    values = [
        kernel_distance(drawn(20, 4, seed=2 * run), drawn(20, 4, seed=2 * run + 1), bootstraps=1)[0].value
        for run in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert 0.2 < np.mean(np.array(values) < 0) < 0.8


def test_kernel_distance_has_an_interval_that_holds_the_truth():
    far = kernel_distance(drawn(4000, 4), drawn(4000, 4, seed=1, shift=0.5), bootstraps=1)[0].value
    held = 0
    for run in range(60):
        ones, others = drawn(80, 4, seed=100 + run), drawn(80, 4, seed=200 + run, shift=0.5)
        known = kernel_distance(ones, others, bootstraps=200, seed=run)[0]
        assert known.low < known.value < known.high
        held += known.low <= far <= known.high
    assert held >= 50


def test_resamples_of_a_set_that_holds_images_twice_are_not_taken_for_news():
    """A resample's pairs of an image with itself would raise all resampled distances above the distance itself."""
    estimate, resampled = kernel_distance(drawn(30, 20), drawn(30, 20, seed=1), bootstraps=500)
    assert resampled.mean() == pytest.approx(estimate.value, abs=3 * resampled.std() / np.sqrt(500))


def test_the_same_seed_draws_the_same_people():
    ones, others = drawn(15, 3), drawn(15, 3, seed=1)
    first, again, other = (kernel_distance(ones, others, bootstraps=20, seed=seed)[1] for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_features_are_means_over_places_of_the_deepest_layer_however_images_come():
    images = some_images(70)
    whole = image_features([images], COLOURS)
    np.testing.assert_allclose(whole.values, images.double().mean(dim=(2, 3)).numpy(), rtol=1e-6)
    in_parts = image_features(iter([images[:1], images[1:50], images[50:]]), COLOURS)
    np.testing.assert_allclose(in_parts.values, whole.values, rtol=1e-6)
    assert (whole.network, whole.validated) == ("colours", True)


def test_sets_that_differ_are_farther_apart_than_sets_that_do_not():
    reference, alike, other = (
        image_features([some_images(200, seed=seed, shift=shift)], COLOURS)
        for seed, shift in ((0, 0), (1, 0), (2, 0.15))
    )
    near, far = set_distance(reference, alike, bootstraps=200), set_distance(reference, other, bootstraps=200)
    assert near.kernel.low <= 0 <= near.kernel.high < far.kernel.low
    assert near.frechet < far.frechet / 3
    assert (far.reference_images, far.images, far.features, far.network) == (200, 200, 3, "colours")
    assert far.notes == ()
    assert len(far.resampled) == 200


def test_distances_do_not_depend_on_how_large_a_networks_features_are():
    loud = FeatureNetwork("colours", validated=True, layers=lambda images: [images * 40])
    quiet, large = (
        set_distance(
            image_features([some_images(30)], network),
            image_features([some_images(30, seed=1)], network),
            bootstraps=20,
        )
        for network in (COLOURS, loud)
    )
    assert large.frechet == pytest.approx(quiet.frechet, rel=1e-5)
    assert large.kernel.value == pytest.approx(quiet.kernel.value, rel=1e-5)


def test_images_of_one_person_are_drawn_together():
    reference = image_features([some_images(20)], COLOURS)
    once = some_images(12, seed=1)
    apart = set_distance(reference, image_features([once], COLOURS), bootstraps=100)
    names = [f"patient {number:02}" for number in range(12)] * 3
    thrice = image_features([once, once, once], COLOURS, people=names)
    together = set_distance(reference, thrice, bootstraps=100)
    assert together.kernel.value == pytest.approx(apart.kernel.value, rel=1e-9)
    np.testing.assert_allclose(together.resampled, apart.resampled, rtol=1e-9)


def test_a_discriminator_compares_but_says_what_it_is_and_what_few_images_do():
    torch.manual_seed(0)
    options = GeneratorOptions(64, z_dim=8, w_dim=8, channel_base=512, channel_max=32)
    network = discriminator_features(Discriminator(options), "a-small-model")
    sets = [image_features([torch.rand(12, 3, 64, 64) * 2 - 1], network) for _ in range(2)]
    distance = set_distance(*sets, bootstraps=10)
    assert distance.features == 32
    assert any("comes out too large: 12 images cannot tell how 32 features" in note for note in distance.notes)
    assert any("'discriminator of a-small-model' are not validated" in note for note in distance.notes)


@pytest.mark.parametrize(
    ("images", "people"),
    [([], None), ([some_images(9)], None), ([some_images(30)], [0] * 15 + [1] * 15)],
    ids=["none", "nine", "thirty of two people"],
)
def test_too_few_images_are_refused(images, people):
    with pytest.raises(InputError, match="too few to compare with others as a set"):
        image_features(images, COLOURS, people=people)


def test_a_diverged_network_is_said_to_be_one():
    images = some_images(12)
    images[3, 1] = float("nan")
    with pytest.raises(InputError, match="no numbers"):
        image_features([images], COLOURS)


def test_people_and_images_must_be_as_many():
    with pytest.raises(ValueError, match="12 images cannot show 11 people"):
        image_features([some_images(12)], COLOURS, people=range(11))


def test_features_of_different_networks_cannot_be_compared():
    other = FeatureNetwork("others", validated=True, layers=lambda images: [images])
    with pytest.raises(ValueError, match="'colours' and 'others' cannot be compared"):
        set_distance(image_features([some_images(12)], COLOURS), image_features([some_images(12)], other))
