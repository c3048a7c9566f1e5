"""Which photos a round is dealt, and when a part of a training is over."""

import numpy as np
import pytest
import torch
from finetuning_making import few_rounds

from prognosis.portraits.finetuning.dealing import ends_part, parts_done, photos_of_round, randomness
from prognosis.training.team import ALONE, Team

LEARNT = np.arange(100, 130)


def dealt(options, rounds, team=ALONE, learnt=LEARNT):
    return np.concatenate([photos_of_round(learnt, options, number, team) for number in range(rounds)])


def test_every_photo_comes_up_once_an_epoch_also_where_a_round_spans_two():
    order = dealt(few_rounds(batch=8), 30)
    for epoch in range(8):
        assert sorted(order[30 * epoch : 30 * (epoch + 1)]) == LEARNT.tolist()


def test_epochs_and_seeds_differ_in_their_order():
    order = dealt(few_rounds(batch=8), 30)
    assert order[:30].tolist() != order[30:60].tolist()
    assert order[:30].tolist() != dealt(few_rounds(batch=8, seed=6), 30)[:30].tolist()


def test_a_batch_larger_than_all_photos_shows_them_evenly():
    counts = np.unique(photos_of_round(LEARNT[:9], few_rounds(batch=32), 0, ALONE), return_counts=True)[1]
    assert (len(counts), set(counts.tolist())) == (9, {3, 4})


@pytest.mark.parametrize("size", [2, 4])
def test_shares_of_a_team_are_a_partition_of_the_batch(size):
    options = few_rounds(batch=16)
    for number in range(6):
        shares = [photos_of_round(LEARNT, options, number, Team(rank, size)) for rank in range(size)]
        assert {len(share) for share in shares} == {16 // size}
        whole = photos_of_round(LEARNT, options, number, ALONE)
        assert sorted(np.concatenate(shares)) == sorted(whole)


def test_each_seed_round_part_and_process_has_chance_of_its_own():
    drawn = {
        float(
            torch.rand(1, generator=randomness(few_rounds(seed=seed), number, part, Team(rank, 2)), dtype=torch.double)
        )
        for seed in (0, 1)
        for number in (0, 1)
        for part in (0, 1)
        for rank in (0, 1)
    }
    assert len(drawn) == 16
    again = [float(torch.rand(1, generator=randomness(few_rounds(), 3, 1, ALONE))) for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.parametrize(("rounds", "parts"), [(10, 10), (10, 3), (3, 10), (1000, 7)])
def test_a_training_has_its_parts_and_ends_with_the_last(rounds, parts):
    ends = [done for done in range(1, rounds + 1) if ends_part(done, rounds, parts)]
    assert len(ends) == min(rounds, parts)
    assert ends[-1] == rounds
    assert parts_done(rounds, rounds, parts) == parts
