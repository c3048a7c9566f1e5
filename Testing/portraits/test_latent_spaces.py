"""Where searches for latents begin, and how wide the noise of their first steps is."""

import pytest
import torch
from projecting_making import Drawn

from prognosis.portraits.projecting.options import Space


@pytest.fixture(scope="module")
def drawn():
    torch.set_num_threads(1)
    return Drawn()


def layers_of(latents, space):
    """(n, layers, dim), one layer where a latent has no more."""
    return latents if space is Space.W_PLUS else latents[:, None]


@pytest.mark.parametrize("space", list(Space))
def test_noise_is_as_long_in_every_number_as_latents_of_a_layer_spread(drawn, space):
    """Karras et al. 2020, appendix D: normal noise times one number, the spread of whole latents."""
    here = drawn.spaces[space]
    noise = torch.cat([here.noise(seed=0, restarts=2, step=step) for step in range(200)])
    assert noise.shape[1:] == here.middle.shape
    assert float(noise.std()) == pytest.approx(here.spread, rel=0.05)
    assert float(noise.mean()) == pytest.approx(0, abs=0.05 * here.spread)


def test_noise_hangs_on_seed_step_and_restart_alone(drawn):
    here = drawn.spaces[Space.W]
    one, again, two = here.noise(0, 2, 5), here.noise(0, 2, 5), here.noise(0, 1, 5)
    assert torch.equal(one, again)
    assert torch.equal(one[:1], two)
    assert not torch.equal(one[0], one[1])
    assert not torch.equal(one, here.noise(0, 2, 6))
    assert not torch.equal(one, here.noise(1, 2, 5))


@pytest.mark.parametrize("space", list(Space))
def test_the_first_search_begins_at_the_guess_and_the_others_half_way_to_samples(drawn, space):
    here, generator = drawn.spaces[space], drawn.generator
    z, _ = drawn.faces(2)
    guess = z if space is Space.Z else generator.map(z)[:, 0]
    starts = here.starts(2, 40, 0, guess).unflatten(0, (2, 40))
    first = layers_of(starts[:, 0], space)
    torch.testing.assert_close(first, guess[:, None].expand_as(first), rtol=1e-4, atol=1e-5)
    if space is Space.Z:
        torch.testing.assert_close(starts.square().mean(dim=2), torch.ones(2, 40), rtol=1e-4, atol=1e-4)
        return
    away = layers_of((starts[0, 1:] - starts[0, :1]), space)[:, 0]
    assert float(away.square().sum(dim=1).mean().sqrt()) == pytest.approx(0.5 * here.spread, rel=0.25)
    torch.testing.assert_close(starts[0] - starts[0, :1], starts[1] - starts[1, :1], rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("space", list(Space))
def test_without_a_guess_searches_begin_in_the_middle(drawn, space):
    here = drawn.spaces[space]
    starts = here.starts(3, 1, 0, None)
    torch.testing.assert_close(starts, here.middle.expand(3, *here.middle.shape), rtol=1e-5, atol=1e-6)


def test_a_guess_of_w_plus_may_be_a_w_for_each_layer(drawn):
    here = drawn.spaces[Space.W_PLUS]
    guess = torch.randn(2, *here.middle.shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(here.starts(2, 1, 0, guess), guess)
