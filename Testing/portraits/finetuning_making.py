"""Small networks, photos of noise or of one colour, and trainings of a few rounds."""

import numpy as np
import torch
from PIL import Image

from prognosis.portraits.finetuning.loop import fit
from prognosis.portraits.finetuning.options import AugmentMode, FinetuneOptions
from prognosis.portraits.finetuning.photo_set import PhotoSet
from prognosis.portraits.stylegan2.discriminator import Discriminator
from prognosis.portraits.stylegan2.generator import Generator
from prognosis.portraits.stylegan2.options import GeneratorOptions

SIZE = GeneratorOptions(64, z_dim=8, w_dim=8, channel_base=256, channel_max=8, mapping_layers=2)
SIZE_TOML = "resolution = 64\nz_dim = 8\nw_dim = 8\nchannel_base = 256\nchannel_max = 8\nmapping_layers = 2\n"


def few_rounds(rounds=6, **changes):
    """Options of a short training in groups of four."""
    values = {"batch": 4, "augment": AugmentMode.NONE, "snapshots": 3, "seed": 5, "device": "cpu"}
    values |= changes
    return FinetuneOptions(images=rounds * values["batch"], **values)


def networks(size=SIZE, seed=1):
    """A generator and a discriminator that learnt nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Generator(size), Discriminator(size)


def noise_photos(count=12, seed=0, side=64):
    return PhotoSet(np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8))


def trained(options, photos=None, *, start=None, **more):
    """What `fit` makes of small networks; all photos are learnt from."""
    photos = photos or noise_photos()
    return fit(photos, np.arange(len(photos)), *(start or networks()), options, **more)


def weights(fitted):
    """All tensors of both trained networks, by name."""
    of_generator = {f"generator.{name}": tensor for name, tensor in fitted.generator.state_dict().items()}
    return of_generator | {f"discriminator.{name}": t for name, t in fitted.discriminator.state_dict().items()}


def assert_same(ones, others):
    """Bit for bit."""
    assert ones.keys() == others.keys()
    different = [name for name, tensor in ones.items() if not torch.equal(tensor, others[name])]
    assert not different


def write_photos(folder, count=10, side=64, seed=0):
    """Square pictures of noise as files."""
    folder.mkdir(exist_ok=True)
    for number, pixels in enumerate(noise_photos(count, seed, side).pixels):
        Image.fromarray(pixels).save(folder / f"photo-{number:02d}.png")
    return folder
