"""The training loop: the discriminator learns to tell photos from generated faces, the generator to fool it."""

import hashlib
import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from prognosis.config import as_plain
from prognosis.errors import InputError, UsageError
from prognosis.portraits.finetuning.augmenting import Augmenting
from prognosis.portraits.finetuning.losses import fooled, path_lengths, slope_at_photos, told_apart
from prognosis.portraits.finetuning.options import GROUP, FinetuneOptions, Precision
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.finetuning.players import CURVE, Players
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import Noise
from prognosis.progress import Progress, silent
from prognosis.training.device import choose_device, has_fast_bfloat16
from prognosis.training.resuming import Resumable
from prognosis.training.team import ALONE, Team

_BETAS = (0.0, 0.99)
_EPSILON = 1e-8
_PATH_SHRINK = 2
_PATH_DECAY = 0.01
_RAMP_UP = 0.05
_SHORT_PRECISION = {True: torch.bfloat16, False: None}

Show = Callable[[int, Generator], None]


@dataclass(frozen=True)
class Fitted:
    """Trained networks, in evaluation mode on the CPU.

    Args:
        generator: With averaged weights.
        discriminator: As it ended.
        curve: Values of `CURVE` by name, one mapping a record.
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
        show: Called with the number of photos shown and the averaged generator, at the start and at each snapshot.

    Raises:
        InputError: Training diverged.
        UsageError: The processes cannot share a batch.
    """
    if options.batch % (GROUP * team.size):
        raise UsageError(
            f"A batch of {options.batch} cannot be dealt out to {team.size} processes in groups of {GROUP}.",
            remedy=f"Give a batch that is a multiple of {GROUP * team.size}.",
        )
    device = choose_device(options.device)
    key = _key(photos, learnt, generator, discriminator, options)
    players = Players(generator, discriminator, options).to(device)
    trainable = [
        [parameter for parameter in network.parameters() if parameter.requires_grad]
        for network in (players.discriminator, players.generator)
    ]
    optimizer = torch.optim.Adam(
        [parameter for group in trainable for parameter in group],
        lr=options.learning_rate,
        betas=_BETAS,
        eps=_EPSILON,
    )
    half_steps = 2 * options.rounds
    with Resumable(players, optimizer, total=half_steps, key=key, folder=state_folder, team=team) as state:
        team.align(players)
        work = _Work(players, photos, learnt, options, device, team, Augmenting(options, players.strength))
        if show is not None and state.done == 0 and team.leads:
            show(0, players.averaged)
        while state.done < half_steps:
            number, generates = divmod(state.done, 2)
            optimizer.zero_grad(set_to_none=True)
            work.generator_step(number) if generates else work.discriminator_step(number)
            team.average_gradients(trainable[generates])
            with state.step():
                optimizer.step()
                if generates:
                    work.finish_round(number)
            if not generates:
                continue
            shown = (number + 1) * options.batch
            progress("training the generator", shown, options.rounds * options.batch)
            if show is not None and team.leads and _is_due(number, options.rounds, options.snapshots):
                show(shown, players.averaged)
    return Fitted(players.averaged.cpu().eval(), players.discriminator.cpu().eval(), _curve(players.curve))


@dataclass(frozen=True)
class _Work:
    """What a step needs."""

    players: Players
    photos: PhotoSet
    learnt: NDArray[np.int64]
    options: FinetuneOptions
    device: torch.device
    team: Team
    augmenting: Augmenting

    def discriminator_step(self, number: int) -> None:
        """Gradients of the discriminator's step."""
        draw = self._random(number, 0)
        share = self.options.batch // self.team.size
        with torch.no_grad():
            generated = self._generated(share, draw)[0]
        penalised = number % self.options.r1_every == 0
        photos = self._batch(number, share, draw).requires_grad_(penalised)
        on_generated = self._judged(self.augmenting.changed(generated, draw))
        on_photos = self._judged(self.augmenting.changed(photos, draw))
        loss = told_apart(on_photos, on_generated)
        total = loss
        if penalised:
            slope = slope_at_photos(on_photos, photos)
            total = loss + slope * (self._r1_weight() / 2 * self.options.r1_every)
            self.players.remember(r1=float(slope.detach()))
        self._require_finite(loss, number)
        total.backward()
        signs = self.team.summed(on_photos.detach().sign().sum())
        self.augmenting.observe(float(signs), share * self.team.size)
        self.players.remember(
            loss_discriminator=float(loss.detach()), sign_on_photos=float(signs) / (share * self.team.size)
        )

    def generator_step(self, number: int) -> None:
        """Gradients of the generator's step."""
        draw = self._random(number, 1)
        share = self.options.batch // self.team.size
        with _frozen(self.players.discriminator):
            images, ws = self._generated(share, draw)
            self.players.generator.follow_mean(ws[:, 0])
            loss = fooled(self._judged(self.augmenting.changed(images, draw)))
            self._require_finite(loss, number)
            loss.backward()
        self.players.remember(loss_generator=float(loss.detach()))
        if self.options.path_weight and number % self.options.path_every == 0:
            self._regularise_paths(max(1, share // _PATH_SHRINK), draw)

    def finish_round(self, number: int) -> None:
        """Keep averages and the curve."""
        options = self.options
        shown = (number + 1) * options.batch
        forgets = min(options.average_images, shown * _RAMP_UP)
        self.players.follow(0.5 ** (options.batch / max(forgets, _EPSILON)))
        self.players.remember(images=shown, probability=self.augmenting.probability)
        records = len(self.players.curve)
        if _is_due(number, options.rounds, records):
            self.players.curve[_passed(number, options.rounds, records) - 1] = self.players.latest

    def _regularise_paths(self, count: int, draw: torch.Generator) -> None:
        images, ws = self._generated(count, draw)
        lengths = path_lengths(images, ws, draw)
        mean = self.team.summed(lengths.detach().mean()) / self.team.size
        self.players.path_mean.lerp_(mean.to(self.players.path_mean), _PATH_DECAY)
        penalty = (lengths - self.players.path_mean).square().mean()
        (penalty * (self.options.path_weight * self.options.path_every)).backward()
        self.players.remember(path_length=float(mean))

    def _generated(self, count: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
        """Images (count, 3, r, r) and their ws, some with w of two latents."""
        generator = self.players.generator
        z = torch.randn(2 * count, generator.options.z_dim, generator=draw, device=draw.device).to(self.device)
        starts = torch.randint(1, generator.layers, (count, 1, 1), generator=draw, device=draw.device)
        mixes = torch.rand(count, 1, 1, generator=draw, device=draw.device) < self.options.mixing
        second = (torch.arange(generator.layers)[None, :, None] >= starts.cpu()) & mixes.cpu()
        if self.options.mixing:
            one, other = generator.map(z).chunk(2)
            ws = torch.where(second.to(self.device), other, one)
        else:
            ws = generator.map(z[:count])
        return generator.synthesise(ws, noise=Noise.RANDOM, generator=draw, precision=self._precision()), ws

    def _batch(self, number: int, share: int, draw: torch.Generator) -> Tensor:
        """This process's photos of a step: every photo comes up once before any does again."""
        places = np.arange(number * self.options.batch, (number + 1) * self.options.batch)[
            self.team.rank :: self.team.size
        ]
        chosen = np.empty(share, np.int64)
        for epoch in np.unique(places // len(self.learnt)):
            order = np.random.default_rng([self.options.seed, int(epoch)]).permutation(self.learnt)
            here = places // len(self.learnt) == epoch
            chosen[here] = order[places[here] % len(self.learnt)]
        images = self.photos.images(chosen).to(self.device)
        if not self.options.mirror:
            return images
        flipped = (torch.rand(share, 1, 1, 1, generator=draw, device=draw.device) < 0.5).to(self.device)
        return torch.where(flipped, images.flip(3), images)

    def _judged(self, images: Tensor) -> Tensor:
        return self.players.discriminator(images, precision=self._precision())

    def _precision(self) -> torch.dtype | None:
        precision = self.options.precision
        short = precision is Precision.BFLOAT16 or (precision is Precision.AUTO and has_fast_bfloat16(self.device))
        return _SHORT_PRECISION[short]

    def _r1_weight(self) -> float:
        return self.options.r1_weight or 0.0002 * self.photos.resolution**2 / self.options.batch

    def _random(self, number: int, part: int) -> torch.Generator:
        mixed = np.random.SeedSequence([self.options.seed, number, part, self.team.rank]).generate_state(1, np.uint64)
        return torch.Generator().manual_seed(int(mixed[0] >> np.uint64(1)))

    def _require_finite(self, loss: Tensor, number: int) -> None:
        if not math.isfinite(float(loss.detach())):
            raise InputError(
                f"Training diverged after {number * self.options.batch} photos: the loss is no number.",
                remedy="Lower the learning rate, or raise r1_weight; the state before is kept.",
            )


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Leave a network out of gradients for a while."""
    learning = [parameter for parameter in network.parameters() if parameter.requires_grad]
    for parameter in learning:
        parameter.requires_grad = False
    try:
        yield
    finally:
        for parameter in learning:
            parameter.requires_grad = True


def _passed(number: int, rounds: int, parts: int) -> int:
    """How many of so many equal parts of the rounds are done after round `number`."""
    return (number + 1) * parts // rounds


def _is_due(number: int, rounds: int, parts: int) -> bool:
    return _passed(number, rounds, parts) > _passed(number - 1, rounds, parts)


def _curve(records: Tensor) -> tuple[dict[str, float], ...]:
    told = [record for record in records.tolist() if not math.isnan(record[0])]
    return tuple(dict(zip(CURVE, record, strict=True)) for record in told)


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
