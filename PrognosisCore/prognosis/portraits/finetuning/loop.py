"""The training loop: the discriminator learns to tell photos from generated faces, the generator to fool it."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from prognosis.config import as_plain
from prognosis.errors import UsageError
from prognosis.portraits.finetuning.augmenting import Augmenting
from prognosis.portraits.finetuning.dealing import ends_part
from prognosis.portraits.finetuning.options import GROUP, FinetuneOptions
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.finetuning.players import CURVE, Players
from prognosis.portraits.finetuning.steps import Steps, diverged
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions
from prognosis.progress import Progress, silent
from prognosis.training.device import choose_device
from prognosis.training.resuming import Resumable
from prognosis.training.team import ALONE, Team

_BETAS = (0.0, 0.99)
_EPSILON = 1e-8

Show = Callable[[int, Generator], None]


@dataclass(frozen=True)
class Fitted:
    """Trained networks, in evaluation mode on the CPU.

    Args:
        generator: With averaged weights.
        discriminator: As it ended.
        curve: Values of `CURVE` by name, one mapping a record; without 'path_length' where none was measured.
    """

    generator: Generator
    discriminator: Discriminator
    curve: tuple[dict[str, float], ...]


def fit(
    photos: PhotoSet,
    learnt: NDArray[np.int64],
    generator: Generator,
    discriminator: Discriminator,
    options: FinetuneOptions,
    *,
    team: Team = ALONE,
    state_folder: Path | None = None,
    progress: Progress = silent,
    show: Show | None = None,
    replaces_state: bool = True,
) -> Fitted:
    """Train both networks from where they are.

    Everything random is drawn from seed, step and process; an interrupted and resumed training is the uninterrupted
    one.

    Args:
        photos: Of the generator's resolution.
        learnt: Indices of those to learn from.
        generator: Where to start; it is changed.
        discriminator: Where to start; it is changed.
        options: How to train.
        team: The processes that share each batch.
        state_folder: Where to keep the state, and to resume from.
        progress: Told after each batch how many photos were shown.
        show: Called with the number of photos shown and the averaged generator, at the start and at each snapshot; once
            more where a training is resumed at one.
        replaces_state: Whether the state of another training may be lost.

    Raises:
        InputError: Training diverged.
        UsageError: The processes cannot share a batch, more blocks shall be frozen than there are, or the folder holds
            another training that may not be lost.
    """
    require_possible(generator.options, options, team)
    device = choose_device(options.device)
    key = _key(photos, learnt, generator, discriminator, options)
    players = Players(generator, discriminator, options).to(device)
    sides = [_learning(players.discriminator), _learning(players.generator)]
    optimizer = torch.optim.Adam([*sides[0], *sides[1]], lr=options.learning_rate, betas=_BETAS, eps=_EPSILON)
    total = 2 * options.rounds
    with Resumable(
        players, optimizer, total=total, key=key, folder=state_folder, team=team, replaces=replaces_state
    ) as state:
        team.align(players)
        steps = Steps(players, photos, learnt, options, device, team, Augmenting(options, players.strength))
        while True:
            number, generates = divmod(state.done, 2)
            if not generates and show is not None and team.leads and _is_looked_at(number, options):
                show(number * options.batch, players.averaged)
            if state.done == state.total:
                break
            optimizer.zero_grad(set_to_none=True)
            if generates:
                steps.generator(number)
            else:
                steps.discriminator(number)
            team.average_gradients(sides[generates])
            _require_finite_gradients(sides[generates], number * options.batch)
            with state.step():
                optimizer.step()
                if generates:
                    steps.finish(number)
            if generates:
                progress("training the generator", (number + 1) * options.batch, options.rounds * options.batch)
    return Fitted(players.averaged.cpu().eval(), players.discriminator.cpu().eval(), _curve(players.curve, options))


def require_possible(size: GeneratorOptions, options: FinetuneOptions, team: Team) -> None:
    """Refuse options that do not fit the networks or the processes.

    Raises:
        UsageError: The processes cannot share a batch, or more blocks shall be frozen than there are.
    """
    if options.batch % (GROUP * team.size):
        raise UsageError(
            f"A batch of {options.batch} cannot be dealt out to {team.size} processes in groups of {GROUP}.",
            remedy=f"Give a batch that is a multiple of {GROUP * team.size}.",
        )
    blocks = len(size.sides) - 1
    if options.freeze_discriminator > blocks:
        raise UsageError(
            f"{options.freeze_discriminator} blocks cannot keep their weights: the discriminator has {blocks}.",
            remedy="Give a smaller --freeze-discriminator.",
        )


def _learning(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def _require_finite_gradients(parameters: Sequence[nn.Parameter], shown: int) -> None:
    """Stop before a step that would spoil the weights, which the next state kept would then hold."""
    sums = [parameter.grad.sum() for parameter in parameters if parameter.grad is not None]
    if not torch.stack(sums).isfinite().all():
        raise diverged(shown)


def _is_looked_at(rounds_done: int, options: FinetuneOptions) -> bool:
    return rounds_done == 0 or ends_part(rounds_done, options.rounds, options.snapshots)


def _curve(records: Tensor, options: FinetuneOptions) -> tuple[dict[str, float], ...]:
    told = [dict(zip(CURVE, record, strict=True)) for record in records.tolist() if not math.isnan(record[0])]
    if not options.path_weight:
        for record in told:
            del record["path_length"]
    return tuple(told)


def _key(
    photos: PhotoSet,
    learnt: NDArray[np.int64],
    generator: Generator,
    discriminator: Discriminator,
    options: FinetuneOptions,
) -> str:
    """What identifies a training: the state of another is never resumed."""
    told = {**as_plain(options), "device": None, "size": asdict(generator.options), "photos": photos.sha256}
    known = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    known.update(np.ascontiguousarray(learnt).tobytes())
    for network in (generator, discriminator):
        for name, tensor in network.state_dict().items():
            known.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return known.hexdigest()
