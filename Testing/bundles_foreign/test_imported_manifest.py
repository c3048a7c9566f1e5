"""A bundle of an imported network says that nobody knows who it learnt from, and where it came from."""

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import torch

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.card import model_card
from prognosis.bundles.manifest import (
    Architecture,
    ArchitectureKind,
    Calibration,
    Manifest,
    Method,
    Metric,
    RiskPercentiles,
    RiskSource,
    manifest_bytes,
    parse_manifest,
)
from prognosis.bundles.writing import write_bundle
from prognosis.errors import ModelError

HASH = "ab" * 32


def _manifest(**changes: Any) -> Manifest:
    values: dict[str, Any] = {
        "name": "faces",
        "version": "1",
        "method": Method.PORTRAITS,
        "demonstration": False,
        "architecture": Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, {"resolution": 64}),
        "preprocessing": {"normalisation": {"image_low": -1.0}, "source": {"format": "genforce", "sha256": HASH}},
        "label_meaning": "It gives no risk.",
        "training": None,
        "metrics": {},
        "training_ranges": {},
        "risk_percentiles": None,
        "calibration": None,
        "baseline": None,
        "licence": "not stated",
        "intended_use": "Not validated here.",
        "created": "2025-06-01",
        "versions": {"torch": "2.13.0"},
    }
    return Manifest(**(values | changes))


def test_it_comes_back_as_it_was() -> None:
    manifest = _manifest()

    assert parse_manifest(manifest_bytes(manifest), Path("model.json")) == manifest


def test_the_card_says_that_the_training_is_unknown() -> None:
    card = model_card(_manifest())

    assert "Unknown: imported." in card
    assert "not validated here; nothing is known of who it was trained on" in card
    assert HASH in card
    assert "patients" not in card.split("## Limits")[1]


def test_the_bundle_is_whole(tmp_path: Path) -> None:
    write_bundle(tmp_path / "faces", _manifest(), {"generator.safetensors": {"a": torch.ones(2)}})

    assert open_bundle(tmp_path / "faces").manifest.training is None


def test_who_asks_for_the_training_is_refused_with_a_word() -> None:
    with pytest.raises(ModelError, match="faces was imported") as error:
        _ = _manifest().known_training
    assert error.value.remedy


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {"architecture": Architecture(ArchitectureKind.LESION_RESNET18, {})}, "'lesion_resnet18' needs", id="kind"
        ),
        pytest.param(
            {"architecture": Architecture(ArchitectureKind.BIOMARKER_PROGNOSIS, {})}, "needs", id="another kind"
        ),
        pytest.param({"preprocessing": {"normalisation": {"a": 1}}}, "source.sha256", id="no source"),
        pytest.param(
            {"preprocessing": {"normalisation": {"a": 1}, "source": {"sha256": "abc"}}}, "64 hexadecimal", id="no hash"
        ),
        pytest.param({"metrics": {"c_index": Metric(0.7, 0.6, 0.8, 9, "how")}}, "measured numbers", id="metrics"),
        pytest.param({"calibration": Calibration(1.0, 0.0, RiskSource.VALIDATION)}, "risks", id="a calibration"),
        pytest.param(
            {"risk_percentiles": RiskPercentiles(tuple(float(at) for at in range(101)))}, "risks", id="percentiles"
        ),
    ],
)
def test_only_an_imported_network_without_risks_may_leave_the_training_out(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(_manifest(), **changes)
