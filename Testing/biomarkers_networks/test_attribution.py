import copy
import warnings

import numpy as np
import pytest
import torch
from captum.attr import GuidedBackprop, IntegratedGradients
from torch import nn

from prognosis.biomarkers.feature_names import flatten, unflatten
from prognosis.biomarkers.networks.attribution import HeatMethod, HeatOptions, blurred, heat, weights_seen
from prognosis.biomarkers.networks.attribution_sanity import sanity_correlation, shuffled
from prognosis.biomarkers.networks.unet import Norm, SegmentingUNet, UNetKind, UNetOptions

THIN = (4, 6, 8, 10, 512)


@pytest.fixture(scope="module")
def region():
    rng = np.random.default_rng(0)
    region = rng.normal(0, 20, (48, 96, 96)).astype(np.float32)
    region[14:34, 30:60, 30:60] += 80
    return region


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(1)
    weights = np.zeros(55296, np.float32)
    weights[rng.choice(55296, 400, replace=False)] = rng.normal(size=400)
    return weights


@pytest.fixture
def a_network():
    def a_network(kind=UNetKind.COMPACT, norm=Norm.BATCH):
        torch.manual_seed(0)
        network = SegmentingUNet(UNetOptions(kind, THIN, norm))
        with torch.no_grad():
            network(torch.randn(2, 1, 48, 96, 96) * 50)
        return network.eval()

    return a_network


class Score(nn.Module):
    """The weighted sum, as other programs want it."""

    def __init__(self, network, weights):
        super().__init__()
        self.encoder = copy.deepcopy(network.encoder)
        self.weights = torch.from_numpy(np.ascontiguousarray(unflatten(weights)))

    def forward(self, x):
        return (self.encoder(x) * self.weights).flatten(1).sum(1)

    def of(self, region):
        with torch.no_grad():
            return float(self(_as_input(region)))


def _as_input(region):
    return torch.from_numpy(region)[None, None]


@pytest.mark.parametrize("kind", UNetKind)
@pytest.mark.parametrize("norm", Norm)
def test_guided_backpropagation_equals_captums(kind, norm, a_network, region, weights):
    network = a_network(kind, norm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of its hooks
        theirs = GuidedBackprop(Score(network, weights)).attribute(_as_input(region).requires_grad_())
    ours = heat(network, region, weights)
    assert ours.dtype == np.float32
    assert np.abs(ours).max() > 0
    assert np.abs(ours - theirs.detach().numpy()[0, 0]).max() <= 1e-5 * np.abs(ours).max()


@pytest.mark.parametrize("norm", Norm)
def test_integrated_gradients_equal_captums(norm, a_network, region, weights):
    network, options = a_network(norm=norm), HeatOptions(steps=5)
    theirs = IntegratedGradients(Score(network, weights)).attribute(
        _as_input(region), _as_input(blurred(region, options)), n_steps=5, method="gausslegendre", internal_batch_size=1
    )
    ours = heat(network, region, weights, method=HeatMethod.INTEGRATED, options=options)
    assert np.abs(ours - theirs.numpy()[0, 0]).max() <= 1e-5 * np.abs(ours).max()


@pytest.mark.parametrize(("norm", "steps"), [(Norm.BATCH, 64), (Norm.INSTANCE, 256)])
def test_integrated_gradients_sum_to_the_difference_of_scores(norm, steps, a_network, region, weights):
    network, options = a_network(norm=norm), HeatOptions(steps=steps)
    score = Score(network, weights)
    difference = score.of(region) - score.of(blurred(region, options))
    found = heat(network, region, weights, method=HeatMethod.INTEGRATED, options=options)
    assert float(found.sum(dtype=float)) == pytest.approx(difference, rel=0.03)


def test_smooth_without_noise_is_guided(a_network, region, weights):
    network = a_network()
    options = HeatOptions(samples=2, noise=0.0)
    smooth = heat(network, region, weights, method=HeatMethod.SMOOTH, options=options)
    assert np.allclose(smooth, heat(network, region, weights), rtol=1e-5, atol=0)


def test_smooth_is_the_mean_over_noisy_copies_of_its_seed(a_network, region, weights):
    network = a_network()
    options = HeatOptions(samples=3, noise=0.2)
    rng = np.random.default_rng(7)
    sd = 0.2 * float(np.ptp(region))
    copies = [region + sd * rng.standard_normal(region.shape, np.float32) for _ in range(3)]
    expected = np.mean([heat(network, one.astype(np.float32), weights) for one in copies], axis=0)
    found = heat(network, region, weights, method=HeatMethod.SMOOTH, options=options, seed=7)
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    other = heat(network, region, weights, method=HeatMethod.SMOOTH, options=options, seed=8)
    assert np.abs(found - other).max() > 1e-3 * np.abs(expected).max()


def test_negative_weights_stop_at_the_bottleneck(a_network, region, weights):
    network = a_network()
    assert np.array_equal(heat(network, region, weights), heat(network, region, weights.clip(min=0)))
    assert not heat(network, region, -np.abs(weights)).any()
    assert heat(network, region, -weights).any()


def test_weights_seen_tells_what_a_map_leaves_out(a_network, region):
    network = a_network()
    with torch.inference_mode():
        features = flatten(network.encode(_as_input(region)).numpy())[0]
    active, inactive = np.flatnonzero(features > 0)[:3], np.flatnonzero(features == 0)[:2]
    weights = np.zeros(55296)
    weights[active] = 3.0, 3.0, -1.0
    weights[inactive] = 2.0, -5.0
    seen = weights_seen(features, weights)
    assert (seen.positive, seen.negative) == (0.75, 0.0)
    whole = weights_seen(features, weights, HeatMethod.INTEGRATED)
    assert (whole.positive, whole.negative) == (1.0, 1.0)
    assert np.isnan(weights_seen(features, weights.clip(min=0)).negative)
    hidden = np.zeros(55296, np.float32)
    hidden[inactive] = 1.0
    assert not heat(network, region, hidden).any()


@pytest.mark.parametrize("method", HeatMethod)
def test_the_network_stays_as_it_was(method, a_network, region, weights):
    network = a_network().train()
    before = copy.deepcopy(network.state_dict())
    network.head = nn.Identity()
    modules = [type(one) for one in network.modules()]
    heat(network, region, weights, method=method, options=HeatOptions(samples=1, steps=1))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert [type(one) for one in network.modules()] == modules
    assert all(one.grad is None and one.requires_grad for one in network.parameters())
    assert all(one.training for one in network.modules())


def test_progress_is_told_after_every_pass(a_network, region, weights):
    told = []
    heat(
        a_network(),
        region,
        weights,
        method=HeatMethod.SMOOTH,
        options=HeatOptions(samples=3),
        progress=lambda *now: told.append(now),
    )
    assert told == [("heatmap", done, 3) for done in (1, 2, 3)]


def test_a_map_changes_when_weights_are_shuffled(a_network, region, weights):
    network = a_network()
    assert -0.5 < sanity_correlation(network, region, weights, 0) < 0.9
    assert sanity_correlation(network, region, weights, 0) == sanity_correlation(network, region, weights, 0)
    assert sanity_correlation(network, region, np.zeros(55296)) == 0.0


def test_shuffling_keeps_every_number(a_network):
    network = a_network()
    other = shuffled(network, 3)
    for name, value in network.named_parameters():
        moved = other.get_parameter(name)
        assert torch.equal(moved.flatten().sort().values, value.flatten().sort().values)
    assert not torch.equal(other.down[4].conv.weight, network.down[4].conv.weight)
    assert torch.equal(shuffled(network, 3).down[4].conv.weight, other.down[4].conv.weight)


@pytest.mark.parametrize("wrong", ["region", "weights", "nan"])
def test_wrong_input_is_refused(wrong, a_network, region, weights):
    bad = region.copy()
    bad[0, 0, 0] = np.nan
    given = {"region": (region.T, weights), "weights": (region, weights[:-1]), "nan": (bad, weights)}[wrong]
    with pytest.raises(ValueError, match="finite numbers of shape"):
        heat(a_network(), *given)


@pytest.mark.parametrize("values", [{"samples": 0}, {"noise": -0.1}, {"steps": 0}, {"blur_voxels": 0.0}], ids=str)
def test_impossible_options_are_refused(values):
    with pytest.raises(ValueError, match="got HeatOptions"):
        HeatOptions(**values)
