"""What chance deals to each step and process; it hangs on their numbers alone, so that a training can be resumed."""

import numpy as np
import torch
from numpy.typing import NDArray

from prognosis.portraits.finetuning.options import FinetuneOptions
from prognosis.training.team import Team


def randomness(options: FinetuneOptions, number: int, part: int, team: Team) -> torch.Generator:
    """Where the chance of a part of a round comes from, each process's its own.

    Args:
        options: Of the training.
        number: Of the round.
        part: 0 for the discriminator's step, 1 for the generator's.
        team: The processes.
    """
    mixed = np.random.SeedSequence([options.seed, number, part, team.rank]).generate_state(1, np.uint64)
    return torch.Generator().manual_seed(int(mixed[0] >> np.uint64(1)))


def photos_of_round(learnt: NDArray[np.int64], options: FinetuneOptions, number: int, team: Team) -> NDArray[np.int64]:
    """This process's photos of a round: every photo comes up once before any does again.

    Args:
        learnt: Indices of all photos to learn from.
        options: Of the training.
        number: Of the round.
        team: The processes; their shares together are the batch.

    Returns:
        (batch / processes,) indices.
    """
    batch = np.arange(number * options.batch, (number + 1) * options.batch)
    places = batch[team.rank :: team.size]
    chosen = np.empty(len(places), np.int64)
    for epoch in np.unique(places // len(learnt)):
        order = np.random.default_rng([options.seed, int(epoch)]).permutation(learnt)
        here = places // len(learnt) == epoch
        chosen[here] = order[places[here] % len(learnt)]
    return chosen


def parts_done(rounds_done: int, rounds: int, parts: int) -> int:
    """How many of so many equal parts of a training's rounds are done."""
    return rounds_done * parts // rounds


def ends_part(rounds_done: int, rounds: int, parts: int) -> bool:
    """Whether a part is done just now; rounds fewer than parts each end one."""
    return parts_done(rounds_done, rounds, parts) > parts_done(rounds_done - 1, rounds, parts)
