"""Generators of three programs, from their files to bundles to images."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow_ada
import slow_genforce
import slow_rosinality
import torch

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.manifest import ArchitectureKind, Method
from prognosis.bundles.model_used import Description
from prognosis.errors import ModelError, UsageError
from prognosis.portraits.generator_bundle import load_generator
from prognosis.portraits.importing import ForeignNetwork, import_network

Write = Callable[..., tuple[Path, dict[str, torch.Tensor]]]
SLOW = {"stylegan2-ada": slow_ada, "rosinality": slow_rosinality, "genforce": slow_genforce}


@pytest.mark.parametrize(
    ("program", "options"),
    [
        pytest.param("stylegan2-ada", {}, id="NVIDIA's pickle"),
        pytest.param("rosinality", {}, id="rosinality's zip"),
        pytest.param("rosinality", {"legacy": True}, id="rosinality's file of before 1.6"),
        pytest.param("genforce", {}, id="genforce"),
        pytest.param("genforce", {"inside": True}, id="genforce in training"),
    ],
)
def test_images_are_those_of_an_independent_computation(
    write: Write, description: Description, tmp_path: Path, program: str, options: dict[str, Any]
) -> None:
    path, tensors = write(program, **options)
    import_network(path, tmp_path / "faces", description)

    generator = load_generator(open_bundle(tmp_path / "faces"))
    ws = np.random.default_rng(7).normal(size=(1, generator.layers, generator.options.w_dim))
    with torch.inference_mode():
        image = generator.synthesise(torch.from_numpy(ws).float())[0].numpy()

    expected = SLOW[program].image(tensors, ws[0])
    assert expected.std() > 0.5
    np.testing.assert_allclose(image, expected, atol=1e-3)


def test_the_mean_beside_rosinalitys_generator_is_taken(write: Write, description: Description, tmp_path: Path) -> None:
    path, tensors = write("rosinality")
    bundle = import_network(path, tmp_path / "faces", description)

    assert torch.equal(load_generator(bundle).mean_w, tensors["latent_avg"])


def test_the_manifest_tells_where_it_comes_from(write: Write, description: Description, tmp_path: Path) -> None:
    path, _ = write("stylegan2-ada")
    manifest = import_network(path, tmp_path / "faces", description).manifest

    assert (manifest.method, manifest.architecture.kind) == (Method.PORTRAITS, ArchitectureKind.STYLEGAN2_GENERATOR)
    assert (manifest.name, manifest.licence, manifest.training) == ("faces", "CC-BY-NC-4.0", None)
    assert manifest.demonstration is False
    assert manifest.preprocessing["source"] == {
        "format": "stylegan2-ada",
        "file": "pickle",
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "size_bytes": path.stat().st_size,
        "notes": ("The file holds no discriminator.",),
    }
    assert "Unknown: imported" in (tmp_path / "faces" / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_naming_the_program_gives_the_same_weights(write: Write, description: Description, tmp_path: Path) -> None:
    path, _ = write("genforce")
    found = import_network(path, tmp_path / "a", description)
    named = import_network(path, tmp_path / "b", description, network=ForeignNetwork.GENFORCE)

    assert found.manifest.files["generator.safetensors"] == named.manifest.files["generator.safetensors"]


def test_half_precision_is_half_the_size_and_nearly_the_same(
    write: Write, description: Description, tmp_path: Path
) -> None:
    path, _ = write("genforce")
    whole, half = (
        import_network(path, tmp_path / name, description, half=name == "half") for name in ("whole", "half")
    )
    sizes = [(bundle.folder / "generator.safetensors").stat().st_size for bundle in (whole, half)]
    w = torch.zeros(1, 10, 14)
    with torch.inference_mode():
        images = [load_generator(bundle).synthesise(w) for bundle in (whole, half)]

    assert sizes[1] < 0.6 * sizes[0]
    assert 0 < float((images[0] - images[1]).abs().max()) < 0.05


def test_the_mapping_rate_of_a_pickled_network_is_kept(write: Write, description: Description, tmp_path: Path) -> None:
    path, _ = write("stylegan2-ada", bias_gain=0.05)

    generator = load_generator(import_network(path, tmp_path / "faces", description))
    assert generator.options.mapping_learning_rate == 0.05


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), "fast"])
def test_a_mapping_rate_that_cannot_be_is_refused(
    write: Write, description: Description, tmp_path: Path, rate: object
) -> None:
    path, _ = write("stylegan2-ada", bias_gain=rate)

    with pytest.raises(ModelError, match="mapping's learning rate"):
        import_network(path, tmp_path / "faces", description)


def test_a_bundle_that_is_there_is_kept_unless_asked(write: Write, description: Description, tmp_path: Path) -> None:
    path, _ = write("genforce")
    import_network(path, tmp_path / "faces", description)

    with pytest.raises(UsageError, match="already exists"):
        import_network(path, tmp_path / "faces", description)
    import_network(path, tmp_path / "faces", description, overwrite=True)


@pytest.mark.parametrize(
    ("content", "network", "words"),
    [
        pytest.param({"weights": torch.ones(1)}, None, "not recognised as one network.*'weights'", id="unknown"),
        pytest.param([torch.ones(1)], None, "it holds no names", id="a list"),
        pytest.param({"g_ema": {}, "generator_smooth": {}}, None, "not recognised as one", id="two at once"),
        pytest.param({"g_ema": {}}, ForeignNetwork.GENFORCE, "not recognised as genforce.*'g_ema'", id="another kind"),
        pytest.param({"g_ema": {"a": torch.ones(1)}}, None, "which networks of this kind", id="empty"),
        pytest.param({f"{at:02}": 0 for at in range(12)}, None, "'07' and 4 more", id="many names"),
    ],
)
def test_what_is_no_generator_is_refused(
    description: Description, tmp_path: Path, content: Any, network: ForeignNetwork | None, words: str
) -> None:
    path = tmp_path / "file.pt"
    torch.save(content, path)

    with pytest.raises(ModelError, match=words) as error:
        import_network(path, tmp_path / "faces", description, network=network)
    assert str(path) in error.value.what
    assert error.value.remedy
    assert not (tmp_path / "faces").exists()


def test_numbers_that_are_not_finite_are_not_stored(write: Write, description: Description, tmp_path: Path) -> None:
    path, _ = write("stylegan2-ada", **{"synthesis.b8.torgb.bias": torch.tensor([0.0, torch.nan, 0.0])})

    with pytest.raises(ModelError, match="not finite"):
        import_network(path, tmp_path / "faces", description)
    assert not (tmp_path / "faces").exists()


@pytest.mark.parametrize("program", list(SLOW))
def test_a_file_cut_short_leaves_nothing(write: Write, description: Description, tmp_path: Path, program: str) -> None:
    path, _ = write(program)
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(ModelError, match="cut short"):
        import_network(path, tmp_path / "faces", description)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


def test_a_bundle_of_something_else_is_no_generator(write: Write, description: Description, tmp_path: Path) -> None:
    bundle = import_network(write("vgg16")[0], tmp_path / "features", description)

    with pytest.raises(ModelError, match="no generator of portraits"):
        load_generator(bundle)
