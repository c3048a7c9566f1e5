"""From w back to z."""

import pytest
import torch
from encoder_making import SIZE, small_generator

from prognosis.portraits.projecting.mapped_back import mapped_back
from prognosis.portraits.stylegan2.mapping import normalised


def apart(generator, z, w):
    return (generator.map(z)[:, 0] - w).square().sum(dim=1)


@torch.no_grad()
def test_the_mapping_makes_nearly_that_w_of_what_comes_back():
    generator = small_generator()
    chance = torch.Generator().manual_seed(1)
    true, start = (torch.randn(12, SIZE.z_dim, generator=chance) for _ in range(2))
    w = generator.map(true)[:, 0]
    before = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    found = mapped_back(generator, w, start)
    assert (apart(generator, found, w) < 0.1 * apart(generator, start, w)).all()
    assert found.norm(dim=1).tolist() == pytest.approx([SIZE.z_dim**0.5] * 12, rel=1e-4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in generator.state_dict().items())


@torch.no_grad()
def test_it_never_leads_away_from_a_good_start():
    generator = small_generator()
    z = normalised(torch.randn(5, SIZE.z_dim, generator=torch.Generator().manual_seed(2)))
    w = generator.map(z)[:, 0]
    assert torch.allclose(mapped_back(generator, w, z), z, atol=1e-5)
