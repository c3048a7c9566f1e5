"""Latents on disk: read back as they were, refused where they are others, and no photo beside them."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from prognosis.errors import InputError
from prognosis.portraits.projecting.latent_files import (
    DOCUMENT,
    LATENT,
    PICTURE,
    GeneratorUsed,
    PhotoRead,
    latent_bytes,
    read_latents,
    read_projection,
    write_projection,
)
from prognosis.portraits.projecting.options import Space
from prognosis.portraits.projecting.results import Distances, Latents, Projection, Restarts

USED = GeneratorUsed("small-faces", "3", "a" * 64, demonstration=True)
ABOUT = {"about": json.dumps({"format": "prognosis latent 1", "space": "z"})}
DISTANCES = Distances(0.02, 0.01, 0.3, "VGG16", True, "dlib face recognition", True)


def latents_of(space, noise_maps=()):
    w_plus = torch.randn(10, 8, generator=torch.Generator().manual_seed(2))
    z, w = torch.arange(8.0), w_plus[0]
    return Latents(
        space, z if space is Space.Z else None, None if space is Space.W_PLUS else w, w_plus, tuple(noise_maps)
    )


def projection_of(space=Space.Z, curve=(0.5, 0.25, 0.125), **changes):
    fields = {
        "latents": latents_of(space),
        "image": torch.linspace(-1.2, 1.2, 3 * 64 * 64).reshape(3, 64, 64),
        "distances": DISTANCES,
        "loss": 0.021,
        "restarts": Restarts(2, 0.4, 0.01),
        "steps": len(curve),
        "stopped_early": True,
        "curve": curve,
    }
    return Projection(**{**fields, **changes})


def write(folder, projection, photo=None):
    return write_projection(
        folder, projection, photo or PhotoRead(), USED, {"space": "z", "steps": 3}, {"created": "x"}
    )


@pytest.mark.parametrize("space", list(Space))
@pytest.mark.parametrize("noise", [0, 2], ids=["no noise fitted", "noise fitted"])
def test_latents_come_back_bit_for_bit(tmp_path, space, noise):
    maps = [torch.randn(side, side) for side in (4, 8)][:noise]
    wanted = latents_of(space, maps)
    write(tmp_path, projection_of(latents=wanted))
    found = read_latents(tmp_path / LATENT, generator_sha256=USED.sha256)
    assert found.space is space
    for name in ("z", "w", "w_plus"):
        one, other = getattr(found, name), getattr(wanted, name)
        assert (one is None) == (other is None)
        assert one is None or torch.equal(one, other)
    assert all(torch.equal(*pair) for pair in zip(found.noise_maps, maps, strict=True))


def test_the_same_latents_are_the_same_bytes():
    assert len({latent_bytes(latents_of(Space.Z), USED) for _ in range(20)}) == 1


def test_latents_of_another_generator_are_refused(tmp_path):
    write(tmp_path, projection_of())
    assert read_latents(tmp_path / LATENT).space is Space.Z
    with pytest.raises(InputError, match="another generator, small-faces 3"):
        read_latents(tmp_path / LATENT, generator_sha256="b" * 64)


def _without(name):
    def change(file):
        tensors = load_file(file)
        del tensors[name]
        save_file(tensors, file, metadata=ABOUT)

    return change


def _cut(file):
    file.write_bytes(file.read_bytes()[:-4])


def _no_mapping(file):
    save_file(load_file(file), file, metadata={"about": "[]"})


def _others(file):
    save_file({"w_plus": torch.zeros(2, 2)}, file)


def _not_finite(file):
    tensors = load_file(file)
    tensors["z"][0] = torch.nan
    save_file(tensors, file, metadata=ABOUT)


@pytest.mark.parametrize(
    "spoil",
    [_cut, _without("z"), _without("w_plus"), _no_mapping, _others, _not_finite, lambda file: file.unlink()],
    ids=["cut short", "without z", "without w+", "about nothing", "of another program", "no numbers", "missing"],
)
def test_spoilt_latents_are_refused(tmp_path, spoil):
    write(tmp_path, projection_of())
    spoil(tmp_path / LATENT)
    with pytest.raises(InputError, match="no latents"):
        read_latents(tmp_path / LATENT)


def test_the_document_tells_all_and_is_read_back(tmp_path):
    photo = PhotoRead(("blurred",), ("turned as its EXIF orientation says",), {"yaw_deg": 4.0})
    written = write(tmp_path, projection_of(), photo)
    assert read_projection(tmp_path) == written
    content = json.loads((tmp_path / DOCUMENT).read_text(encoding="utf-8"))
    assert "consent" in content["privacy"]
    assert "identify people" in content["privacy"]
    assert content["notice"].startswith("Research use only")
    assert content["distances"]["validated"] is True
    assert content["photo"]["flags"] == ["blurred"]
    assert content["created"] == "x"
    assert content["generator"]["demonstration"] is True


def test_long_curves_are_thinned_and_keep_their_ends(tmp_path):
    curve = [1.0 / (step + 1) for step in range(1000)]
    curve[20] = math.nan
    written = write(tmp_path, projection_of(curve=tuple(curve)))
    assert written.curve[0] == (0, 1.0)
    assert written.curve[-1] == (999, 0.001)
    assert 40 <= len(written.curve) <= 60
    assert all(step != 20 for step, _ in written.curve)


@pytest.mark.parametrize("damage", ["{", '{"format": 2}', "[]"], ids=["no JSON", "another format", "no mapping"])
def test_a_damaged_document_is_refused(tmp_path, damage):
    write(tmp_path, projection_of())
    (tmp_path / DOCUMENT).write_text(damage, encoding="utf-8")
    with pytest.raises(InputError, match="missing or damaged"):
        read_projection(tmp_path)


def test_the_picture_is_marked_in_its_text_and_not_in_its_pixels(tmp_path):
    projection = projection_of()
    write(tmp_path, projection)
    with Image.open(tmp_path / PICTURE) as picture:
        words, pixels = dict(picture.text), np.array(picture)
    [text] = words.values()
    assert text.startswith("Synthetic image by small-faces 3, a demonstration model")
    assert "identify people" in text
    expected = ((projection.image.clamp(-1, 1) + 1) * 127.5).round().permute(1, 2, 0).numpy()
    assert np.array_equal(pixels, expected)
    assert {file.name for file in tmp_path.iterdir()} == {LATENT, DOCUMENT, PICTURE}
