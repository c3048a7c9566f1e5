import pytest
import torch
from torch import distributed, nn

from prognosis.training.shared_norm import SharedBatchNorm, share_batch_norms


@pytest.fixture
def a_group():
    """Processes of which this is the only one."""
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


def a_network(**options):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv3d(1, 3, 3), nn.Sequential(nn.BatchNorm3d(3, **options), nn.ReLU()))
    if network[1][0].affine:
        nn.init.uniform_(network[1][0].weight)
        nn.init.uniform_(network[1][0].bias)
    return network


@pytest.mark.parametrize(
    "options", [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}], ids=str
)
def test_alone_it_is_pytorchs_batch_normalisation(options, a_group):
    plain, shared = a_network(**options), a_network(**options)
    parameters = list(shared.parameters())
    share_batch_norms(shared)
    assert isinstance(shared[1][0], SharedBatchNorm)
    assert all(mine is former for mine, former in zip(shared.parameters(), parameters, strict=True))
    weight = torch.randn(2, 3, 4, 5, 6)
    for _ in range(3):
        x = 40 + 7 * torch.randn(2, 1, 6, 7, 8)
        both = [network(x) for network in (plain, shared)]
        torch.testing.assert_close(*both)
        for y in both:
            (y * weight).sum().backward()
    for mine, theirs in zip(shared.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, theirs.grad, rtol=1e-4, atol=1e-4)
    kept = shared.state_dict()
    assert kept.keys() == plain.state_dict().keys()
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(kept[name], value)
    if options != {"track_running_stats": False}:  # it looks at the images of the moment even in evaluation
        torch.testing.assert_close(shared.eval()(x), plain.eval()(x))


def test_what_comes_in_sixteen_bits_leaves_in_them_and_is_measured_in_thirty_two(a_group):
    shared = nn.Sequential(nn.BatchNorm3d(2))
    share_batch_norms(shared)
    x = (300 + torch.randn(2, 2, 8, 8, 8)).bfloat16()
    assert shared(x).dtype is torch.bfloat16
    torch.testing.assert_close(shared[0].running_mean, 0.1 * x.float().mean((0, 2, 3, 4)))


def test_without_processes_nothing_is_asked_of_others_when_a_network_is_used():
    network = a_network()
    share_batch_norms(network)
    assert network.eval()(torch.zeros(1, 1, 3, 3, 3)).shape == (1, 3, 1, 1, 1)
