"""One step of the search for latents: Adam on every row alone, the best of each remembered, the finished let go."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.losses import Photos
from prognosis.portraits.projecting.noise_maps import NoisyGenerator, as_noise, noise_regularity
from prognosis.portraits.projecting.options import Precision, ProjectionOptions
from prognosis.portraits.projecting.schedule import first_quiet_step, learning_rate, noise_strength
from prognosis.portraits.projecting.state import SearchState

# Rows of more pixels are computed part by part, for speed (beyond a processor's caches) and for memory.
_PIXELS_ON_CPU, _PIXELS_ON_DEVICE = 16 * 64**2, 64 * 256**2
_FIRST_DECAY, _SECOND_DECAY, _EPSILON = 0.9, 0.999, 1e-8


class Search:
    """The search for the latents of photos, `options.restarts` rows for each.

    Args:
        photos: What is looked for.
        space: Where.
        options: How.
    """

    def __init__(self, photos: Photos, space: LatentSpace, options: ProjectionOptions) -> None:
        self._photos = photos
        self._space = space
        self._options = options
        self._noisy = NoisyGenerator.like(space.generator) if options.noise_maps else None
        self._first_quiet = first_quiet_step(options)
        side, device = space.generator.options.resolution, space.middle.device
        self._together = max(1, (_PIXELS_ON_CPU if device.type == "cpu" else _PIXELS_ON_DEVICE) // side**2)

    def begin(self, guess: Tensor | None) -> SearchState:
        """Before the first step; see `LatentSpace.starts`."""
        count = len(self._photos.images)
        latents = self._space.starts(count, self._options.restarts, self._options.seed, guess).contiguous()
        maps = () if self._noisy is None else self._noisy.stored_maps
        return SearchState.begin(
            (latents, *(stored.expand(len(latents), -1, -1).contiguous() for stored in maps)), self._options.steps
        )

    def step(self, state: SearchState) -> tuple[SearchState, Tensor]:
        """Move all rows that are not finished.

        Returns:
            What comes after, and (k, 3, h, w) the images of the rows that moved, before they did.
        """
        options, strength = self._options, noise_strength(self._options, state.step)
        noise = self._space.noise(options.seed, options.restarts, state.step) * strength if strength else None
        losses, images, gradients = zip(
            *(
                self._slopes(rows, tuple(values[part] for values in state.moving), noise)
                for part, rows in self._parts(state.active)
            ),
            strict=True,
        )
        moved = self._moved(state, [torch.cat(each) for each in zip(*gradients, strict=True)])
        return self._judged(state, moved, torch.cat(losses).to(state.best_loss), quiet=not strength), torch.cat(images)

    def _parts(self, active: Tensor) -> Iterator[tuple[slice, Tensor]]:
        for first in range(0, len(active), self._together):
            part = slice(first, first + self._together)
            yield part, active[part]

    def _slopes(
        self, rows: Tensor, moving: tuple[Tensor, ...], noise: Tensor | None
    ) -> tuple[Tensor, Tensor, tuple[Tensor, ...]]:
        """Losses and images of some rows, and gradients of latents and maps."""
        moving = tuple(values.detach().requires_grad_() for values in moving)
        latents, maps = moving[0], moving[1:]
        if noise is not None:
            latents = latents + noise[rows % self._options.restarts]
        images = self.images(latents, maps)
        wanted = self._photos.at(rows // self._options.restarts)
        losses = wanted.loss(images, self._options.pixel_weight)
        if maps:
            losses = losses + self._options.noise_weight * noise_regularity(maps)
        return losses.detach(), images.detach(), torch.autograd.grad(losses.sum(), moving)

    def images(self, latents: Tensor, maps: Sequence[Tensor], *, exact: bool = False) -> Tensor:
        """(n, 3, h, w) images of latents and, where noise is fitted, of their noise maps.

        Args:
            exact: Compute in full precision, whatever the search does.
        """
        short = self._options.precision is Precision.BFLOAT16 and not exact
        precision = torch.bfloat16 if short else None
        ws = self._space.ws(latents)
        if self._noisy is None:
            return self._space.generator.synthesise(ws, precision=precision)
        return self._noisy.synthesise_with(ws, maps, precision=precision)

    @torch.no_grad()
    def _moved(self, state: SearchState, gradients: Sequence[Tensor]) -> SearchState:
        """Latents and noise after one step of Adam (Kingma and Ba 2015, algorithm 1)."""
        rate, count = learning_rate(self._options, state.step), state.step + 1
        first = tuple(old.lerp(new, 1 - _FIRST_DECAY) for old, new in zip(state.first, gradients, strict=True))
        second = tuple(
            old.lerp(new.square(), 1 - _SECOND_DECAY) for old, new in zip(state.second, gradients, strict=True)
        )
        mean_gain, square_gain = 1 / (1 - _FIRST_DECAY**count), 1 / (1 - _SECOND_DECAY**count)
        latents, *maps = (
            values - rate * mean_gain * mean / ((square_gain * square).sqrt() + _EPSILON)
            for values, mean, square in zip(state.moving, first, second, strict=True)
        )
        moving = (self._space.allowed(latents), *(as_noise(each) for each in maps))
        return replace(state, moving=moving, first=first, second=second)

    @torch.no_grad()
    def _judged(self, before: SearchState, moved: SearchState, losses: Tensor, *, quiet: bool) -> SearchState:
        """Remember losses and the best latents, and let rows go that make no progress.

        Losses with noise are not those of the latents, so nothing is judged by them.
        """
        active, step = before.active, before.step
        before.curve[active, step] = losses  # written anew where a step is interrupted and done again
        after = replace(moved, step=step + 1, taken=before.taken.index_fill(0, active, step + 1))
        if not quiet:
            return after
        better = losses < before.best_loss[active]
        best_loss = before.best_loss.index_copy(0, active, torch.where(better, losses, before.best_loss[active]))
        best = tuple(
            old.index_copy(0, active[better], new[better]) for old, new in zip(before.best, before.moving, strict=True)
        )
        gained = losses < before.reference[active] * (1 - self._options.least_gain)
        reference = before.reference.index_copy(0, active[gained], losses[gained])
        since = before.since.index_fill(0, active[gained], step)
        after = replace(after, best=best, best_loss=best_loss, reference=reference, since=since)
        return self._without_finished(after)

    def _without_finished(self, state: SearchState) -> SearchState:
        patience = self._options.patience
        if not patience:
            return state
        last_gain = state.since[state.active].clamp_min(self._first_quiet)
        goes_on = state.step - 1 - last_gain < patience
        if bool(goes_on.all()):
            return state
        moving, first, second = (
            tuple(values[goes_on] for values in each) for each in (state.moving, state.first, state.second)
        )
        return replace(state, active=state.active[goes_on], moving=moving, first=first, second=second)
