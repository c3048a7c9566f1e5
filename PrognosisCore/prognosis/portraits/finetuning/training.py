"""Fine-tuning as a whole: what is held out, the training, and how near its faces come to the photos."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from prognosis.bundles.manifest import Metric, Training
from prognosis.config import as_plain
from prognosis.errors import ModelError
from prognosis.portraits.comparing.distribution import SetDistance
from prognosis.portraits.comparing.features import FeatureNetwork, discriminator_features
from prognosis.portraits.finetuning.findings import measures, warnings_of_end, warnings_of_frozen, warnings_of_start
from prognosis.portraits.finetuning.judging import Judge, can_be_judged
from prognosis.portraits.finetuning.loop import Fitted, fit
from prognosis.portraits.finetuning.options import FinetuneOptions
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions
from prognosis.progress import Progress, silent
from prognosis.training.team import ALONE, Team

NEW = "new"
_SHOWN = 32

Show = Callable[[int, Tensor], None]


@dataclass(frozen=True)
class Start:
    """Where a training begins.

    Args:
        generator: Its weights.
        discriminator: Its weights; None where nobody kept them.
        name: Of the model, or 'new'.
        demonstration: Whether the model is one.
    """

    generator: Generator
    discriminator: Discriminator | None
    name: str
    demonstration: bool = False


@dataclass(frozen=True)
class Finetuned:
    """A trained generator with what is known of it.

    Args:
        generator, discriminator: In evaluation mode, on the CPU.
        training: For the manifest.
        metrics: Distances, by name.
        before, after: Distance of generated faces to photos, at the start and at the end; None where too few photos
            were held out.
        curve: Records of the training, see `players.CURVE`.
        demonstration: Whether it began with a demonstration model, or learnt from drawn photos.
        warnings: In words.
    """

    generator: Generator
    discriminator: Discriminator
    training: Training
    metrics: dict[str, Metric]
    before: SetDistance | None
    after: SetDistance | None
    curve: tuple[dict[str, float], ...]
    demonstration: bool
    warnings: tuple[str, ...]


def new_start(size: GeneratorOptions, seed: int) -> Start:
    """Networks that know nothing yet."""
    with _seeded(seed):
        return Start(Generator(size), Discriminator(size), NEW)


def finetune(
    photos: PhotoSet,
    start: Start,
    options: FinetuneOptions,
    *,
    cohort: str,
    features: FeatureNetwork | None = None,
    team: Team = ALONE,
    state_folder: Path | None = None,
    progress: Progress = silent,
    show: Show | None = None,
    replaces_state: bool = True,
) -> Finetuned:
    """Train a generator on photos and measure how near it comes to others that were held out.

    Args:
        photos: Aligned faces of the generator's resolution.
        start: Where to begin; its networks are changed.
        options: How to train.
        cohort: The photos in words, for the model's card.
        features: Network that compares images; the discriminator as it starts when None.
        team: The processes that share the work.
        state_folder: Where training state is kept between interruptions.
        progress: Told how many photos were shown.
        show: Called with the number of photos shown and (32, 3, r, r) faces of always the same latents.
        replaces_state: Whether the state of another training may be lost.

    Raises:
        InputError: Training diverged.
        ModelError: Photos are of another size than the generator's.
        UsageError: The processes cannot share a batch, or the folder holds another training that may not be lost.
    """
    if photos.resolution != start.generator.options.resolution:
        raise ModelError(
            f"The generator makes faces of {start.generator.options.resolution} pixels, photos have "
            f"{photos.resolution}.",
            remedy="Read the photos at the generator's resolution.",
        )
    with _seeded(options.seed):
        discriminator = start.discriminator or Discriminator(start.generator.options)
    learnt, held_out = photos.split(options.held_out, options.seed)
    judge = None
    if team.leads and can_be_judged(held_out):
        judge = Judge(features or _as_it_starts(discriminator, start), photos, held_out)
    before = judge.distance(start.generator, progress) if judge else None
    fitted = fit(
        photos,
        learnt,
        start.generator,
        discriminator,
        options,
        team=team,
        state_folder=state_folder,
        progress=progress,
        show=_of_the_same_latents(show, start.generator.options.z_dim),
        replaces_state=replaces_state,
    )
    after = judge.distance(fitted.generator, progress) if judge else None
    warnings = [*warnings_of_start(photos, len(held_out), options), *warnings_of_end(before, after, fitted.curve)]
    learnt_before = start.name != NEW
    discriminator_learnt = learnt_before and start.discriminator is not None
    warnings += warnings_of_frozen(options, generator_learnt=learnt_before, discriminator_learnt=discriminator_learnt)
    if start.discriminator is None:
        warnings.insert(0, f"{start.name} has no discriminator: the training began with an untrained one.")
    return Finetuned(
        generator=fitted.generator,
        discriminator=fitted.discriminator,
        training=_training(photos, (len(learnt), len(held_out)), start, options, cohort, before, fitted),
        metrics=measures(after),
        before=before,
        after=after,
        curve=fitted.curve,
        demonstration=start.demonstration or photos.phantom,
        warnings=tuple(warnings),
    )


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Draw weights from a seed, and leave the chance of others as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _training(
    photos: PhotoSet,
    counts: tuple[int, int],
    start: Start,
    options: FinetuneOptions,
    cohort: str,
    before: SetDistance | None,
    fitted: Fitted,
) -> Training:
    learnt, held_out = counts
    measured = {} if before is None else {"kernel_distance_at_start": before.kernel.value}
    return Training(
        patients=learnt,
        annotations=learnt,
        lesions=0,
        events=0,
        follow_up_days=0.0,
        epochs=max(1, round(options.images / learnt)),
        seed=options.seed,
        cohort=cohort,
        details={
            "started_from": start.name,
            "options": as_plain(options),
            "photos_learnt": learnt,
            "photos_held_out": held_out,
            "photos_are_counted_as_patients": True,
            "photos_sha256": photos.sha256,
            "end_of_curve": fitted.curve[-1] if fitted.curve else {},
            **measured,
        },
    )


def _as_it_starts(discriminator: Discriminator, start: Start) -> FeatureNetwork:
    name = start.name if start.discriminator is not None and start.name != NEW else "a network that learnt nothing"
    kept = Discriminator(discriminator.options)
    kept.load_state_dict(discriminator.state_dict())
    return discriminator_features(kept, name)


def _of_the_same_latents(show: Show | None, z_dim: int) -> Callable[[int, Generator], None] | None:
    if show is None:
        return None
    z = torch.randn(_SHOWN, z_dim, generator=torch.Generator().manual_seed(0))

    @torch.no_grad()
    def of_generator(shown: int, generator: Generator) -> None:
        show(shown, generator(z.to(generator.mean_w)).cpu())

    return of_generator
