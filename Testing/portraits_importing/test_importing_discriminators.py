"""Discriminators come along with their generators where they fit, and a note says what became of them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow_ada
import slow_genforce
import slow_rosinality
import torch

from prognosis.bundles.bundle import Bundle, open_bundle
from prognosis.bundles.model_used import Description
from prognosis.errors import ModelError
from prognosis.portraits.generator_bundle import DISCRIMINATOR_FILE, load_discriminator, load_generator
from prognosis.portraits.importing import import_network, notes_of

Write = Callable[..., tuple[Path, dict[str, torch.Tensor]]]
Import = Callable[..., Bundle]
SLOW = {"stylegan2-ada": slow_ada, "rosinality": slow_rosinality, "genforce": slow_genforce}


@pytest.fixture
def imported(write: Write, description: Description, tmp_path: Path) -> Import:
    """A checkpoint of a program, imported and opened anew."""

    def importing(program: str, *, half: bool = False, **options: Any) -> Bundle:
        import_network(write(program, **options)[0], tmp_path / "faces", description, half=half)
        return open_bundle(tmp_path / "faces")

    return importing


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
def test_judgements_are_those_of_an_independent_computation(
    imported: Import, program: str, options: dict[str, Any]
) -> None:
    tensors = SLOW[program].random_discriminator(seed=4)
    bundle = imported(program, discriminator=tensors, **options)

    discriminator = load_discriminator(bundle)
    images = np.random.default_rng(7).normal(0, 8, (4, 3, 8, 8)).repeat(8, axis=2).repeat(8, axis=3)
    assert discriminator is not None
    with torch.inference_mode():
        logits = discriminator(torch.from_numpy(images).float()).numpy()

    expected = SLOW[program].judged(tensors, images)
    assert expected.std() > 0.1
    np.testing.assert_allclose(logits, expected, atol=1e-3)
    assert notes_of(bundle.manifest) == ("The discriminator was taken over.",)


@pytest.mark.parametrize("program", list(SLOW))
def test_a_file_without_a_discriminator_says_so(imported: Import, program: str) -> None:
    bundle = imported(program)

    assert load_discriminator(bundle) is None
    assert notes_of(bundle.manifest) == ("The file holds no discriminator.",)
    assert "The file holds no discriminator." in (bundle.folder / "MODEL_CARD.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("group", "words"),
    [
        (8, "in groups of 8, here in groups of 4"),
        (None, "in groups of another size, here in groups of 4"),
        ("\x1b[31m", "in groups of another size, here in groups of 4"),
    ],
    ids=["8", "the whole batch", "no number"],
)
def test_groups_of_another_size_are_told(imported: Import, group: object, words: str) -> None:
    bundle = imported("stylegan2-ada", discriminator=slow_ada.random_discriminator(), group_size=group)

    assert load_discriminator(bundle) is not None
    assert notes_of(bundle.manifest) == (f"The discriminator was taken over; there it compared images {words}.",)


def test_frozen_layers_are_taken_as_well(imported: Import, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors = slow_ada.random_discriminator()
    monkeypatch.setattr("making_foreign_files.BUFFERS", ("w_avg", "resample_filter", "noise_const", "weight"))
    discriminator = load_discriminator(imported("stylegan2-ada", discriminator=tensors))

    assert discriminator is not None
    assert torch.equal(discriminator.colours.weight, tensors["b64.fromrgb.weight"])


def _without(ending: str) -> Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]]:
    return lambda tensors: {name: tensor for name, tensor in tensors.items() if ending not in name}


@pytest.mark.parametrize(
    ("program", "change", "words"),
    [
        pytest.param("stylegan2-ada", _without("skip"), "only residual", id="NVIDIA's without ways past"),
        pytest.param(
            "stylegan2-ada", lambda tensors: tensors | {"mapping.fc0.weight": torch.ones(2, 2)}, "chosen", id="classes"
        ),
        pytest.param("rosinality", _without("final_conv"), "missing: final_conv.0.weight", id="missing"),
        pytest.param(
            "genforce", lambda tensors: tensors | {"layer9.weight": torch.ones(9, 256)}, "of another shape", id="shape"
        ),
        pytest.param(
            "genforce", lambda tensors: tensors | {"\x1b[31m\n\ud800": torch.ones(1)}, r"'\x1b[31m\n\ud800'", id="name"
        ),
    ],
)
def test_a_discriminator_that_does_not_fit_is_left_out_and_the_generator_stays(
    imported: Import,
    program: str,
    change: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]],
    words: str,
) -> None:
    bundle = imported(program, discriminator=change(SLOW[program].random_discriminator()))

    (note,) = notes_of(bundle.manifest)
    assert note.startswith("The discriminator was left out: ")
    assert words in note
    assert note.isprintable()
    assert DISCRIMINATOR_FILE not in bundle.manifest.files
    assert load_discriminator(bundle) is None
    assert load_generator(bundle).options.resolution == 64


def test_half_precision_halves_the_discriminator_too(imported: Import) -> None:
    tensors = slow_genforce.random_discriminator()
    discriminator = load_discriminator(imported("genforce", discriminator=tensors, half=True))

    assert discriminator is not None
    assert torch.equal(discriminator.dense.weight, tensors["layer9.weight"].half().float())
    assert not torch.equal(discriminator.dense.weight, tensors["layer9.weight"])


def test_numbers_of_a_discriminator_that_are_not_finite_are_not_stored(imported: Import, tmp_path: Path) -> None:
    tensors = slow_rosinality.random_discriminator() | {"final_linear.1.bias": torch.tensor([torch.inf])}

    with pytest.raises(ModelError, match=r"discriminator\.safetensors: .*not finite"):
        imported("rosinality", discriminator=tensors)
    assert not (tmp_path / "faces").exists()


def test_a_source_without_notes_has_none(imported: Import) -> None:
    manifest = imported("genforce").manifest
    source = {"format": "genforce", "sha256": manifest.preprocessing["source"]["sha256"]}

    assert notes_of(replace(manifest, preprocessing={**manifest.preprocessing, "source": source})) == ()
