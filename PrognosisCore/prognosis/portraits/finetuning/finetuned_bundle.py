"""A trained generator as a bundle on disk."""

from dataclasses import asdict
from pathlib import Path

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import Architecture, ArchitectureKind, Manifest, Method
from prognosis.bundles.model_used import Description
from prognosis.bundles.writing import write_bundle
from prognosis.portraits.finetuning.training import Finetuned
from prognosis.portraits.generator_bundle import DISCRIMINATOR_FILE, IMAGE_RANGE, WEIGHTS_FILE
from prognosis.provenance import now, versions


def save_finetuned(
    folder: Path, finetuned: Finetuned, description: Description, *, half: bool = False, overwrite: bool = False
) -> Bundle:
    """Write generator and discriminator.

    Args:
        folder: Where the bundle shall lie.
        finetuned: The networks with all that is known of them.
        description: What the card says; a model that began with a demonstration is one regardless.
        half: Store weights in 16 bits.
        overwrite: Replace a bundle that is there.

    Raises:
        ModelError: The networks hold numbers that cannot be stored.
        UsageError: The folder exists or cannot be written.
    """
    generator = finetuned.generator
    manifest = Manifest(
        name=description.name,
        version=description.version,
        method=Method.PORTRAITS,
        demonstration=description.demonstration or finetuned.demonstration,
        architecture=Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, asdict(generator.options)),
        preprocessing={"normalisation": IMAGE_RANGE},
        label_meaning="It gives no risk.",
        training=finetuned.training,
        metrics=finetuned.metrics,
        training_ranges={},
        risk_percentiles=None,
        calibration=None,
        baseline=None,
        licence=description.licence,
        intended_use=description.intended_use,
        created=now(),
        versions=versions(),
    )
    tensors = {WEIGHTS_FILE: generator.state_dict(), DISCRIMINATOR_FILE: finetuned.discriminator.state_dict()}
    return write_bundle(folder, manifest, tensors, half=half, overwrite=overwrite)
