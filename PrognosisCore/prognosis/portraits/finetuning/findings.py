"""What is told of a training when it is over: measures, and what a user must be warned of."""

from prognosis.bundles.manifest import Metric
from prognosis.portraits.comparing.distribution import SetDistance
from prognosis.portraits.comparing.features import as_told
from prognosis.portraits.finetuning.options import AugmentMode, FinetuneOptions
from prognosis.portraits.finetuning.photo_set import PhotoSet

_STRONG = 0.8
_FEW = 1000


def measures(distance: SetDistance | None) -> dict[str, Metric]:
    """For the manifest; none where no distance could be measured."""
    if distance is None:
        return {}
    how = (
        f"kernel distance of {distance.images} generated faces to {distance.reference_images} photos held out, by "
        f"features of {as_told(distance.network, validated=distance.validated)}; photos are taken for one a person; "
        "interval by bootstrap of images"
    )
    kernel = distance.kernel
    low, high = min(kernel.low, kernel.value), max(kernel.high, kernel.value)
    return {"kernel_distance": Metric(kernel.value, low, high, distance.reference_images, how)}


def warnings_of_start(photos: PhotoSet, held_out: int, options: FinetuneOptions) -> list[str]:
    """What is known before the training, in words that name no file.

    Args:
        photos: All photos.
        held_out: How many of them are held out.
        options: Of the training.
    """
    warnings = list(photos.notes)
    if photos.unread:
        number, cause = photos.unread[0]
        warnings.append(f"Photos left out: {len(photos.unread)}; the first, number {number}: {cause}")
    if options.held_out and not held_out:
        warnings.append(f"{len(photos)} photos are too few to hold some out: how near faces come was not measured.")
    if len(photos) < _FEW and options.augment is AugmentMode.NONE:
        warnings.append(f"{len(photos)} photos without augmentation: the discriminator can learn them by heart.")
    return warnings


def warnings_of_frozen(options: FinetuneOptions, *, generator_learnt: bool, discriminator_learnt: bool) -> list[str]:
    """Weights that are kept though they were drawn by chance: they would never learn anything.

    Args:
        options: Of the training.
        generator_learnt: Whether the generator it begins with was trained.
        discriminator_learnt: Whether the discriminator was.
    """
    warnings: list[str] = []
    if options.freeze_discriminator and not discriminator_learnt:
        warnings.append("Blocks of the discriminator were frozen that had learnt nothing: leave that out.")
    if options.freeze_mapping and not generator_learnt:
        warnings.append("The mapping was frozen and had learnt nothing: leave that out.")
    return warnings


def warnings_of_end(
    before: SetDistance | None, after: SetDistance | None, curve: tuple[dict[str, float], ...]
) -> list[str]:
    """What the training showed."""
    warnings: list[str] = []
    if before is not None and after is not None:
        warnings += after.notes
        if after.kernel.value > before.kernel.value:
            warnings.append("The faces are farther from the held-out photos than before the training.")
    if curve and curve[-1]["probability"] > _STRONG:
        warnings.append("Random changes ended above a probability of 0.8: they may show in the faces. Use more photos.")
    return warnings
