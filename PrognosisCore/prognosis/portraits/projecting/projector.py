"""Photos to latents, many at once and each as if it were alone (Karras et al. 2020, StyleGAN2, appendix D)."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from prognosis.config import as_plain
from prognosis.errors import CancelledError, ModelError
from prognosis.portraits.comparing.features import FeatureNetwork
from prognosis.portraits.comparing.identity import IdentityMeasure, identity_distance
from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.losses import Photos
from prognosis.portraits.projecting.options import ProjectionOptions, Space
from prognosis.portraits.projecting.results import Distances, Latents, Projection, Restarts
from prognosis.portraits.projecting.search import Search
from prognosis.portraits.projecting.state import SearchState, fingerprint, load_state, save_state
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.progress import Progress, silent

_SECONDS_BETWEEN = 60.0
_MEASURED_AT_ONCE = 16


@dataclass(frozen=True)
class Preview:
    """How searches look in the middle.

    Args:
        step: Steps done.
        steps: Of the whole search.
        photos: Places of the photos whose search goes on.
        losses: (photos,) the lowest loss of each, at this step.
        images: (photos, 3, R, R) its image, in about [-1, 1].
    """

    step: int
    steps: int
    photos: tuple[int, ...]
    losses: Tensor
    images: Tensor


@dataclass(frozen=True)
class Previews:
    """Who is shown previews, and how often.

    Args:
        show: Called from the working thread; what it raises ends the search.
        every: Steps between two.
    """

    show: Callable[[Preview], None]
    every: int = 25


@dataclass(frozen=True)
class Keeping:
    """Where searches are kept, so that they go on where they were however they ended.

    Args:
        file: A safetensors file; removed when the photos are projected.
        model: Identifies the generator and the networks, such as by hashes; another's state is never resumed.
        seconds_between: Least time between two writings; it is written on interruption as well.
    """

    file: Path
    model: str
    seconds_between: float = _SECONDS_BETWEEN


def project(
    photos: Tensor,
    generator: Generator,
    features: FeatureNetwork,
    options: ProjectionOptions | None = None,
    *,
    identity: IdentityMeasure | None = None,
    start: Tensor | None = None,
    space: LatentSpace | None = None,
    keeping: Keeping | None = None,
    previews: Previews | None = None,
    progress: Progress = silent,
) -> list[Projection]:
    """Find the latents whose images look like photos.

    What becomes of a photo does not depend on the others, but for rounding. An interrupted and resumed search is, on
    one processor, bit for bit the uninterrupted one.

    Args:
        photos: (n, 3, R, R) aligned faces in [-1, 1], R being the generator's resolution.
        generator: On the device that shall compute.
        features: The network that images are compared by, on the same device.
        options: How.
        identity: Tells how alike the persons are; None leaves it out.
        start: (n, z_dim) or (n, w_dim) latents, such as an encoder's guess, or (n, layers, w_dim) in w+; None for the
            mean latent.
        space: `LatentSpace.of` the generator, where many calls share it.
        keeping: Where to keep the search.
        previews: Who is shown how it goes.
        progress: Told after each step; may raise to cancel.

    Returns:
        One result for each photo, in their order.

    Raises:
        ValueError: Photos or start have another shape.
        ModelError: The generator's images, or their features, are no numbers.
    """
    options = options or ProjectionOptions()
    side = generator.options.resolution
    if photos.ndim != 4 or not len(photos) or photos.shape[1:] != (3, side, side):
        msg = f"photos must be (n, 3, {side}, {side}), got {tuple(photos.shape)}"
        raise ValueError(msg)
    wanted = Photos(photos.to(generator.mean_w), features, options.precision)
    space = space or LatentSpace.of(generator, options.space)
    search = Search(wanted, space, options)
    state = _searched(search, wanted, start, options, keeping, previews, progress)
    found = _results(state, search, space, wanted, features, identity, options)
    if keeping is not None:
        keeping.file.unlink(missing_ok=True)
    return found


def _searched(
    search: Search,
    photos: Photos,
    start: Tensor | None,
    options: ProjectionOptions,
    keeping: Keeping | None,
    previews: Previews | None,
    progress: Progress,
) -> SearchState:
    state = search.begin(start)
    key = ""
    if keeping is not None:
        begun = torch.empty(0) if start is None else start
        key = fingerprint(keeping.model, sorted(as_plain(options).items()), photos.images, begun)
        state = load_state(keeping.file, key, state) or state
    saved_at = time.monotonic()
    try:
        while state.step < options.steps and len(state.active):
            before = state
            state, images = search.step(before)
            if previews is not None and (before.step % previews.every == 0 or state.step == options.steps):
                previews.show(_preview(before, state, images, options))
            if keeping is not None and time.monotonic() - saved_at >= keeping.seconds_between:
                save_state(keeping.file, key, state)
                saved_at = time.monotonic()
            progress("projecting", state.step, options.steps)
    except (KeyboardInterrupt, CancelledError):
        if keeping is not None and state.step:
            save_state(keeping.file, key, state)
        raise
    if state.step < options.steps:
        progress("projecting", options.steps, options.steps)
    return state


def _preview(before: SearchState, after: SearchState, images: Tensor, options: ProjectionOptions) -> Preview:
    losses = after.curve[before.active, before.step]
    photo = before.active // options.restarts
    chosen = [int(rows[losses[rows].argmin()]) for rows in ((photo == each).nonzero()[:, 0] for each in photo.unique())]
    places = tuple(int(photo[row]) for row in chosen)
    return Preview(after.step, options.steps, places, losses[chosen].cpu(), images[chosen].float().cpu())


@torch.no_grad()
def _results(
    state: SearchState,
    search: Search,
    space: LatentSpace,
    photos: Photos,
    features: FeatureNetwork,
    identity: IdentityMeasure | None,
    options: ProjectionOptions,
) -> list[Projection]:
    losses = state.best_loss.unflatten(0, (-1, options.restarts))
    if not losses.isfinite().any(dim=1).all():
        raise ModelError(
            "The losses of the search are no numbers.",
            remedy="Use another model or feature network, or search in full precision.",
        )
    chosen = losses.argmin(dim=1) + options.restarts * torch.arange(len(losses), device=losses.device)
    exact = Photos(photos.images, features)
    projected: list[Projection] = []
    for places in torch.arange(len(chosen), device=chosen.device).split(_MEASURED_AT_ONCE):
        rows = chosen[places]
        images = search.images(state.best[0][rows], [maps[rows] for maps in state.best[1:]], exact=True)
        distances = _distances(images, places, exact, features, identity)
        for index, row in enumerate(rows.tolist()):
            projected.append(_projection(state, space, options, row, images[index], distances[index]))
    return projected


def _distances(
    images: Tensor, places: Tensor, photos: Photos, features: FeatureNetwork, identity: IdentityMeasure | None
) -> list[Distances]:
    wanted = photos.at(places)
    perceptual, pixel = wanted.perceptual(images).tolist(), wanted.pixel(images).tolist()
    persons: Sequence[float | None] = [None] * len(images)
    if identity is not None:
        persons = identity_distance(identity.embed(images), identity.embed(photos.images[places])).tolist()
    return [
        Distances(
            *numbers,
            network=features.name,
            validated=features.validated,
            identity_measure=None if identity is None else identity.name,
            identity_validated=None if identity is None else identity.validated,
        )
        for numbers in zip(perceptual, pixel, persons, strict=True)
    ]


def _projection(
    state: SearchState, space: LatentSpace, options: ProjectionOptions, row: int, image: Tensor, distances: Distances
) -> Projection:
    taken = int(state.taken[row])
    return Projection(
        latents=_latents(space, state.best[0][row], [maps[row] for maps in state.best[1:]]),
        image=image.float().cpu(),
        distances=distances,
        loss=float(state.best_loss[row]),
        restarts=_restarts(state, space, options, row),
        steps=taken,
        stopped_early=taken < options.steps,
        curve=tuple(state.curve[row, :taken].tolist()),
    )


def _restarts(state: SearchState, space: LatentSpace, options: ProjectionOptions, row: int) -> Restarts:
    if options.restarts == 1:
        return Restarts(1, None, None)
    first = row - row % options.restarts
    rows = slice(first, first + options.restarts)
    losses = state.best_loss[rows]
    spread = float(losses.std()) if bool(losses.isfinite().all()) else None
    return Restarts(options.restarts, space.distance_apart(state.best[0][rows]), spread)


def _latents(space: LatentSpace, latent: Tensor, maps: Sequence[Tensor]) -> Latents:
    ws = space.ws(latent.unsqueeze(0))[0]
    return Latents(
        space=space.space,
        z=latent.cpu() if space.space is Space.Z else None,
        w=None if space.space is Space.W_PLUS else ws[0].cpu(),
        w_plus=ws.contiguous().cpu(),
        noise_maps=tuple(each.cpu() for each in maps),
    )
