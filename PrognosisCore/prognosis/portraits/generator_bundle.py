"""A StyleGAN2 generator in a bundle, and its discriminator: what files are called, and building what they describe."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind
from prognosis.bundles.weights import load_weights
from prognosis.errors import ModelError
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

WEIGHTS_FILE = "generator.safetensors"
DISCRIMINATOR_FILE = "discriminator.safetensors"
ENCODER_FILE = "encoder.safetensors"
ENCODER = "encoder"
IMAGE_RANGE = {"image_low": -1.0, "image_high": 1.0}


def load_generator(bundle: Bundle) -> Generator:
    """Build the generator a verified bundle describes.

    Raises:
        ModelError: The bundle describes something else, or weights and architecture differ.
    """
    generator = Generator(generator_options(bundle))
    load_weights(generator, bundle.tensors(WEIGHTS_FILE), what=str(bundle.folder))
    return generator.eval()


def load_discriminator(bundle: Bundle) -> Discriminator | None:
    """Build the discriminator that was trained against the generator; None where the bundle has none.

    Raises:
        ModelError: The bundle describes something else, or weights and architecture differ.
    """
    options = generator_options(bundle)
    if DISCRIMINATOR_FILE not in bundle.manifest.files:
        return None
    discriminator = Discriminator(options)
    load_weights(discriminator, bundle.tensors(DISCRIMINATOR_FILE), what=str(bundle.folder))
    return discriminator.eval()


def generator_options(bundle: Bundle) -> GeneratorOptions:
    """Size of the networks a bundle describes; its parameters may also describe an encoder, under 'encoder'.

    Raises:
        ModelError: The bundle holds no generator, or describes none that can be built.
    """
    where = str(bundle.folder)
    architecture = bundle.manifest.architecture
    if architecture.kind is not ArchitectureKind.STYLEGAN2_GENERATOR:
        raise ModelError(
            f"{where} is a model of kind '{architecture.kind}', no generator of portraits.",
            remedy="Give a generator; `prognosis models import` makes one of a StyleGAN2 checkpoint.",
        )
    return _options({name: value for name, value in architecture.parameters.items() if name != ENCODER}, where)


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
