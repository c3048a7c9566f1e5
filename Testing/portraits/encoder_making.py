"""Small generators whose faces are smooth in their latents, and bundles of them."""

import torch

from prognosis.bundles.manifest import Architecture, ArchitectureKind, Manifest, Method, Metric, Training
from prognosis.bundles.writing import write_bundle
from prognosis.portraits.encoding.options import EncoderOptions, EncoderTrainingOptions
from prognosis.portraits.generator_bundle import DISCRIMINATOR_FILE, IMAGE_RANGE, WEIGHTS_FILE
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

SIZE = GeneratorOptions(64, z_dim=8, w_dim=8, channel_base=256, channel_max=8, mapping_layers=2)
SMALL = EncoderOptions(64, 8, 8, channels=(4, 8, 8, 8), hidden=16)
QUICK = EncoderTrainingOptions(steps=6, batch=4, feature_share=0.5, feature_images=2, held_out=8, device="cpu")


def small_generator(options=SIZE, seed=0):
    """A random generator, its mean the true one, its noise inputs weak."""
    torch.manual_seed(seed)
    generator = Generator(options).eval()
    with torch.no_grad():
        generator.mean_w.copy_(generator.map(torch.randn(2000, options.z_dim))[:, 0].mean(dim=0))
        for convolution in generator.synthesis.convolutions:
            convolution.noise_strength.fill_(0.02)
    return generator


def small_discriminator(options=SIZE, seed=1):
    torch.manual_seed(seed)
    return Discriminator(options).eval()


def described(options=SIZE, **changes):
    """The manifest of a small generator that somebody trained."""
    parameters = {
        "resolution": options.resolution,
        "z_dim": options.z_dim,
        "w_dim": options.w_dim,
        "channel_base": options.channel_base,
        "channel_max": options.channel_max,
        "mapping_layers": options.mapping_layers,
        "mapping_learning_rate": options.mapping_learning_rate,
    }
    fields = {
        "name": "small-faces",
        "version": "3",
        "method": Method.PORTRAITS,
        "demonstration": True,
        "architecture": Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, parameters),
        "preprocessing": {"normalisation": IMAGE_RANGE},
        "label_meaning": "It gives no risk.",
        "training": Training(40, 40, 0, 0, 0.0, 1, 5, "faces of no one"),
        "metrics": {"frechet_distance": Metric(9.0, 8.0, 10.0, 40, "drawn faces")},
        "training_ranges": {},
        "risk_percentiles": None,
        "calibration": None,
        "baseline": None,
        "licence": "CC0-1.0",
        "intended_use": "A test.",
        "created": "2025-06-01T10:00:00+00:00",
        "versions": {"prognosis": "0.1"},
    }
    return Manifest(**{**fields, **changes})


def written(folder, *, discriminator=True, half=False, manifest=None, texts=None):
    """The bundle of a small generator on disk."""
    tensors = {WEIGHTS_FILE: small_generator().state_dict()}
    if discriminator:
        tensors[DISCRIMINATOR_FILE] = small_discriminator().state_dict()
    return write_bundle(folder, manifest or described(), tensors, texts, half=half)
