"""A StyleGAN2 generator in a bundle: what the file is called, and building the network it describes."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind
from prognosis.bundles.weights import load_weights
from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

WEIGHTS_FILE = "generator.safetensors"
IMAGE_RANGE = {"image_low": -1.0, "image_high": 1.0}


def load_generator(bundle: Bundle) -> Generator:
    """Build the generator a verified bundle describes.

    Raises:
        ModelError: The bundle describes something else, or weights and architecture differ.
    """
    where = str(bundle.folder)
    architecture = bundle.manifest.architecture
    if architecture.kind is not ArchitectureKind.STYLEGAN2_GENERATOR:
        raise ModelError(
            f"{where} is a model of kind '{architecture.kind}', no generator of portraits.",
            remedy="Give a generator; `prognosis models import` makes one of a StyleGAN2 checkpoint.",
        )
    generator = Generator(_options(architecture.parameters, where))
    load_weights(generator, bundle.tensors(WEIGHTS_FILE), what=where)
    return generator.eval()


def _options(parameters: Mapping[str, Any], where: str) -> GeneratorOptions:
    names = {field.name for field in fields(GeneratorOptions)}
    if set(parameters) != names:
        raise ModelError(
            f"{where}: model.json must describe a generator by {', '.join(sorted(names))}.",
            remedy="Import or train it anew.",
        )
    try:
        return GeneratorOptions(**parameters)
    except (TypeError, ValueError) as error:
        raise ModelError(
            f"{where}: model.json describes no generator: {error}.", remedy="Import or train it anew."
        ) from error
