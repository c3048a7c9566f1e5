"""A small bundle and its parts."""

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from prognosis.bundles import store
from prognosis.bundles.bundle import Bundle
from prognosis.bundles.manifest import (
    Architecture,
    ArchitectureKind,
    Baseline,
    Calibration,
    Manifest,
    Method,
    Metric,
    RiskPercentiles,
    RiskSource,
    Training,
)
from prognosis.bundles.writing import write_bundle

BundleWriter = Callable[..., Bundle]


@pytest.fixture
def manifest() -> Manifest:
    return Manifest(
        name="tiny-lesions",
        version="1.2",
        method=Method.LESIONS,
        demonstration=True,
        architecture=Architecture(ArchitectureKind.LESION_RESNET18, {"width": 4, "layers": (1, 2)}),
        preprocessing={"patch_pixels": 72, "normalisation": {"hu_window": (-160.0, 240.0)}},
        label_meaning="A higher risk stands for earlier death.",
        training=Training(
            patients=200,
            annotations=300,
            lesions=1400,
            events=90,
            follow_up_days=2000.0,
            epochs=30,
            seed=7,
            cohort="Phantoms | made by the program",
            details={"augmentation": {"shift_pixels": 4}},
        ),
        metrics={"C-index": Metric(0.71, 0.66, 0.76, 200, "out-of-fold, bootstrap over patients")},
        training_ranges={"slice_thickness_mm": (1.0, 5.0), "lesion_volume_mm3": (30.0, 90000.0)},
        risk_percentiles=RiskPercentiles(
            patient=tuple(float(at) for at in range(101)), lesion=tuple(at / 10 for at in range(101))
        ),
        calibration=Calibration(slope=0.9, mean_risk=1.5, source=RiskSource.OUT_OF_FOLD),
        baseline=Baseline(times_days=(0.0, 365.0, 1900.0), cumulative_hazard=(0.0, 0.1, 0.4)),
        licence="CC0-1.0",
        intended_use="To show how the program works.",
        created="2025-06-01T10:00:00+00:00",
        versions={"prognosis": "0.1", "torch": "2.13.0"},
    )


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return {
        "layer.weight": torch.randn(3, 2, generator=generator),
        "layer.bias": torch.randn(3, generator=generator),
        "steps": torch.tensor(12),
    }


@pytest.fixture
def write(manifest: Manifest, tensors: dict[str, torch.Tensor]) -> BundleWriter:
    """Write the small bundle into a folder, with some fields of its manifest changed."""

    def writing(folder: Path, *, half: bool = False, **changes: Any) -> Bundle:
        changed = dataclasses.replace(manifest, **changes)
        return write_bundle(folder, changed, {"weights.safetensors": tensors}, {"notes.txt": "a note\n"}, half=half)

    return writing


@pytest.fixture
def bundle(write: BundleWriter, tmp_path: Path) -> Bundle:
    return write(tmp_path / "tiny")


@pytest.fixture
def edit_manifest() -> Callable[[Path, Callable[[dict], object]], None]:
    """Change the content of a bundle's `model.json` on disk."""

    def editing(folder: Path, change: Callable[[dict], object]) -> None:
        file = folder / "model.json"
        content = json.loads(file.read_text())
        change(content)
        file.write_text(json.dumps(content))

    return editing


@pytest.fixture
def plant(edit_manifest: Callable) -> Callable[..., Path]:
    """Put a file into a bundle, listed with its right hash or not at all."""

    def planting(folder: Path, name: str, content: bytes, *, listed: bool) -> Path:
        (folder / name).write_bytes(content)
        if listed:
            sha256 = hashlib.sha256(content).hexdigest()
            edit_manifest(folder, lambda manifest: manifest["files"].update({name: sha256}))
        return folder / name

    return planting


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Path]:
    """The search order, on empty folders: two named by the environment, the user's, the shipped."""
    folders = {name: tmp_path / name for name in ("first", "second", "user", "shipped")}
    for folder in folders.values():
        folder.mkdir()
    monkeypatch.setenv("PROGNOSIS_MODELS", f"{folders['first']}{os.pathsep}{folders['second']}")
    monkeypatch.setattr(store, "user_models_folder", lambda: folders["user"])
    monkeypatch.setattr(store, "shipped_models_folder", lambda: folders["shipped"])
    return folders
