"""The models that photos are projected by, loaded once for many photos."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import ArchitectureKind, Method
from prognosis.bundles.store import find_bundle
from prognosis.errors import ModelError
from prognosis.portraits.comparing.dlib_identity import dlib_identity
from prognosis.portraits.comparing.features import FeatureNetwork, bundled_vgg16, discriminator_features
from prognosis.portraits.comparing.identity import IdentityMeasure, network_identity
from prognosis.portraits.encoding.encoder_bundle import load_encoder
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.generator_bundle import load_discriminator, load_generator
from prognosis.portraits.projecting.latent_files import GeneratorUsed
from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.losses import shrunk_features
from prognosis.portraits.projecting.mapped_back import mapped_back
from prognosis.portraits.projecting.options import Space
from prognosis.portraits.stylegan2.generator import Generator

_LARGEST_SEEN = 256
_GUESSED_AT_ONCE = 64


@dataclass(frozen=True)
class ProjectingModels:
    """What photos are projected by.

    Args:
        generator: Frozen, on the device that computes.
        used: How results name it.
        features: The network images are compared by.
        identity: Tells how alike the persons are.
        encoder: Guesses where to start; None where searches start at the mean latent.
    """

    generator: Generator
    used: GeneratorUsed
    features: FeatureNetwork
    identity: IdentityMeasure
    encoder: Encoder | None

    def space(self, space: Space) -> LatentSpace:
        """A space of the generator's latents, measured."""
        return LatentSpace.of(self.generator, space)

    @torch.no_grad()
    def guess(self, photos: Tensor, space: Space) -> Tensor | None:
        """Where the encoder would start for photos (n, 3, R, R); None without one."""
        if self.encoder is None:
            return None
        guesses = [self.encoder(some.to(self.generator.mean_w)) for some in photos.split(_GUESSED_AT_ONCE)]
        w = torch.cat([guess.w for guess in guesses])
        return w if space is not Space.Z else mapped_back(self.generator, w, torch.cat([guess.z for guess in guesses]))


def find_generator(name_or_path: str | Path | None) -> Bundle:
    """Find, verify and open a generator; see `find_bundle`.

    Raises:
        ModelError: There is none, or it cannot be used.
    """
    return find_bundle(name_or_path, method=Method.PORTRAITS, kind=ArchitectureKind.STYLEGAN2_GENERATOR)


def find_features(name_or_path: str | Path) -> Bundle:
    """Find, verify and open VGG16's features.

    Raises:
        ModelError: There are none, or they cannot be used.
    """
    return find_bundle(name_or_path, method=Method.PORTRAITS, kind=ArchitectureKind.FEATURES_VGG16)


def load_models(
    generator: Bundle,
    features: Bundle | None,
    identity: Path | None,
    *,
    with_encoder: bool,
    device: torch.device,
) -> ProjectingModels:
    """Load what photos are projected by.

    Args:
        generator: A generator's bundle.
        features: VGG16's; None takes the generator's own discriminator, which is no validated measure.
        identity: The file of dlib's face recognition network; None compares persons by the features, which is none
            either.
        with_encoder: Whether searches start at the encoder's guess.
        device: Where to compute.

    Raises:
        ModelError: The generator's bundle lacks the discriminator or encoder needed, or a model cannot be used.
        UsageError: dlib is needed and not installed.
    """
    manifest = generator.manifest
    encoder = load_encoder(generator) if with_encoder else None
    if with_encoder and encoder is None:
        raise ModelError(
            f"{generator.folder} has no encoder.",
            remedy="Train one by `prognosis portraits train-encoder`, or use --start mean.",
        )
    network = _features(generator, features, device)
    return ProjectingModels(
        generator=load_generator(generator).to(device).requires_grad_(requires_grad=False),
        used=GeneratorUsed(manifest.name, manifest.version, generator.sha256, manifest.demonstration),
        features=network,
        identity=network_identity(network) if identity is None else dlib_identity(identity),
        encoder=None if encoder is None else encoder.to(device),
    )


def _features(generator: Bundle, features: Bundle | None, device: torch.device) -> FeatureNetwork:
    if features is not None:
        return shrunk_features(bundled_vgg16(features, device), _LARGEST_SEEN)
    discriminator = load_discriminator(generator)
    if discriminator is None:
        raise ModelError(
            f"{generator.folder} has no discriminator to compare faces by.",
            remedy="Give the features of VGG16 with --features; `prognosis models import --kind vgg16` makes them.",
        )
    return discriminator_features(discriminator.to(device), generator.manifest.name)
