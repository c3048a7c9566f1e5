"""Writing a bundle: whole and verified, or not at all."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from prognosis.bundles import writing
from prognosis.bundles.bundle import Bundle, open_bundle
from prognosis.bundles.manifest import Manifest
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError, UsageError
from prognosis.files import sha256_of

Tensors = dict[str, torch.Tensor]
REFUSED = r"cannot be written with this file|only plain names|only \.safetensors|can carry code"


def test_a_bundle_comes_back(bundle: Bundle, manifest: Manifest) -> None:
    opened = open_bundle(bundle.folder)

    assert opened == bundle
    assert replace(opened.manifest, files={}) == manifest
    assert opened.sha256 == sha256_of(bundle.folder / "model.json")
    assert set(opened.manifest.files) == {"MODEL_CARD.md", "notes.txt", "weights.safetensors"}
    for name, sha256 in opened.manifest.files.items():
        assert sha256_of(bundle.folder / name) == sha256


def test_half_precision_halves_the_file(write: Callable[..., Bundle], tmp_path: Path, tensors: Tensors) -> None:
    whole, half = write(tmp_path / "whole"), write(tmp_path / "half", half=True)

    read = half.tensors("weights.safetensors")
    assert read["layer.weight"].dtype == torch.float32
    torch.testing.assert_close(read["layer.weight"], tensors["layer.weight"], rtol=1e-3, atol=1e-6)
    sizes = [(bundle.folder / "weights.safetensors").stat().st_size for bundle in (whole, half)]
    assert sizes[1] < sizes[0]


def test_the_same_model_gives_the_same_bytes(write: Callable[..., Bundle], tmp_path: Path) -> None:
    assert write(tmp_path / "a").sha256 == write(tmp_path / "b").sha256


def test_an_existing_folder_is_kept(bundle: Bundle, manifest: Manifest, tensors: Tensors) -> None:
    with pytest.raises(UsageError, match="already exists"):
        write_bundle(bundle.folder, replace(manifest, version="2.0"), {"weights.safetensors": tensors})

    assert open_bundle(bundle.folder).manifest.version == "1.2"


def test_an_existing_folder_is_replaced_when_asked(bundle: Bundle, manifest: Manifest, tensors: Tensors) -> None:
    changed = replace(manifest, version="2.0")
    write_bundle(bundle.folder, changed, {"other.safetensors": tensors}, overwrite=True)

    opened = open_bundle(bundle.folder)
    assert opened.manifest.version == "2.0"
    assert sorted(path.name for path in bundle.folder.iterdir()) == ["MODEL_CARD.md", "model.json", "other.safetensors"]


def test_tensors_that_are_not_finite_leave_nothing(tmp_path: Path, manifest: Manifest) -> None:
    with pytest.raises(ModelError, match="not finite"):
        write_bundle(tmp_path / "x", manifest, {"weights.safetensors": {"a": torch.tensor([float("nan")])}})

    assert list(tmp_path.iterdir()) == []


def test_a_manifest_no_reader_would_accept_leaves_nothing(tmp_path: Path, manifest: Manifest, tensors: Tensors) -> None:
    bad = replace(manifest, preprocessing={"normalisation": {"mean": float("nan")}})

    with pytest.raises(ModelError, match=r"'preprocessing\.normalisation\.mean' is not a finite number") as refusal:
        write_bundle(tmp_path / "x", bad, {"weights.safetensors": tensors})

    assert str(tmp_path / "x" / "model.json") in str(refusal.value)

    assert list(tmp_path.iterdir()) == []


def test_what_the_disk_spoils_is_found_before_it_takes_its_name(
    tmp_path: Path, manifest: Manifest, tensors: Tensors, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiling(path: Path, content: bytes) -> None:
        path.write_bytes(content[:-1] if path.suffix == ".safetensors" else content)

    monkeypatch.setattr(writing, "write_bytes", spoiling)

    with pytest.raises(ModelError, match="cut short or altered"):
        write_bundle(tmp_path / "x", manifest, {"weights.safetensors": tensors})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["weights.pth", "weights.npz", "weights.json", "../weights.safetensors", "a/b.safetensors"]
)
def test_tensors_go_to_safetensors_in_the_folder_only(
    tmp_path: Path, manifest: Manifest, tensors: Tensors, name: str
) -> None:
    with pytest.raises(ModelError, match=REFUSED):
        write_bundle(tmp_path / "x", manifest, {name: tensors})

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["model.json", "MODEL_CARD.md", "notes.safetensors", "run.py", "model.pkl", "../a.txt"]
)
def test_texts_take_no_other_place(tmp_path: Path, manifest: Manifest, name: str) -> None:
    with pytest.raises(ModelError, match=REFUSED):
        write_bundle(tmp_path / "x", manifest, {}, {name: "text"})

    assert list(tmp_path.iterdir()) == []


def test_the_manifest_is_json_others_can_read(bundle: Bundle) -> None:
    content = json.loads((bundle.folder / "model.json").read_text(encoding="utf-8"))

    assert content["calibration"] == {"slope": 0.9, "mean_risk": 1.5, "source": "out-of-fold"}
    assert content["training_ranges"]["slice_thickness_mm"] == [1.0, 5.0]
