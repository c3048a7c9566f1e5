"""`prognosis models import`: checkpoints beside zipped models."""

import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import slow_genforce
import torch

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.model_used import Description
from prognosis.cli.main import main
from prognosis.portraits.importing import ForeignNetwork, import_network

Write = Callable[..., tuple[Path, dict[str, torch.Tensor]]]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder of models."""
    monkeypatch.setattr("prognosis.cli.models.user_models_folder", lambda: tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], models: Path) -> Run:
    def running(*arguments: object) -> tuple[int, str, str]:
        code = main(["models", "import", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return running


def test_a_checkpoint_becomes_one_of_the_users_models(write: Write, run: Run, models: Path) -> None:
    path, _ = write("genforce")
    code, out, _ = run(path, "--name", "ffhq", "--licence", "CC-BY-NC-SA-4.0", "--json")

    manifest = open_bundle(models / "ffhq").manifest
    assert code == 0
    notes = ["The file holds no discriminator."]
    assert json.loads(out) == {"name": "ffhq", "folder": str(models / "ffhq"), "notes": notes}
    assert (manifest.name, manifest.licence) == ("ffhq", "CC-BY-NC-SA-4.0")
    assert "not validated here" in manifest.intended_use


def test_a_folder_and_a_kind_may_be_chosen(write: Write, run: Run, tmp_path: Path, models: Path) -> None:
    path, _ = write("stylegan2-ada")
    output = tmp_path / "elsewhere"
    arguments = (path, "--kind", "stylegan2-ada", "--name", "faces", "--half", "--output", output)

    assert run(*arguments)[0] == 0
    code, _, err = run(*arguments)
    assert (code, "already exists" in err) == (2, True)
    assert run(*arguments, "--overwrite")[0] == 0
    assert open_bundle(output).manifest.licence == "not stated"
    assert not models.exists()


@pytest.mark.parametrize("name", [None, "../faces", "a b"], ids=["none", "a path", "a blank"])
def test_a_checkpoint_needs_a_name(write: Write, run: Run, models: Path, name: str | None) -> None:
    code, _, err = run(write("genforce")[0], *(["--name", name] if name else []))

    assert (code, "needs a name" in err) == (2, True)
    assert not models.exists()


def test_what_became_of_the_discriminator_is_told(write: Write, run: Run) -> None:
    judge = slow_genforce.random_discriminator()
    judge["layer99.weight"] = torch.zeros(2)
    code, out, _ = run(write("genforce", discriminator=judge)[0], "--name", "faces")

    assert code == 0
    assert out.splitlines()[1].startswith("The discriminator was left out: ")
    assert "unexpected: 'layer99.weight' (2,)" in out


def test_torchvisions_resnet_is_a_kind(write: Write, run: Run, models: Path) -> None:
    code, out, _ = run(write("resnet")[0], "--kind", "resnet", "--name", "resnet18", "--json")

    assert (code, json.loads(out)["notes"]) == (0, [])
    assert open_bundle(models / "resnet18").manifest.architecture.kind == "features_resnet"


@pytest.mark.parametrize("kind", list(ForeignNetwork))
def test_the_wrong_kind_is_told(run: Run, tmp_path: Path, kind: str) -> None:
    torch.save({"weights": torch.ones(1)}, tmp_path / "file.pt")
    code, _, err = run(tmp_path / "file.pt", "--kind", kind, "--name", "faces")

    assert (code, f"not recognised as {kind}" in err) == (1, True)


class _Touches:
    def __init__(self, marker: Path) -> None:
        self._marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (f"touch {self._marker}",)


@pytest.mark.parametrize("kind", ["torch zip", "torch before 1.6", "pickle"])
def test_a_file_that_carries_a_program_is_refused(run: Run, tmp_path: Path, models: Path, kind: str) -> None:
    path, marker = tmp_path / "file.pt", tmp_path / "marker"
    content = {"g_ema": {"a": torch.ones(2)}, "args": _Touches(marker)}
    if kind == "pickle":
        path.write_bytes(pickle.dumps(content))
    else:
        torch.save(content, path, _use_new_zipfile_serialization=kind == "torch zip")

    code, _, err = run(path, "--name", "faces")

    assert (code, "posix.system" in err, "nothing of it was run" in err) == (1, True, True)
    assert not marker.exists()
    assert not models.exists()


@pytest.fixture
def zipped(write: Write, description: Description, tmp_path: Path) -> Path:
    bundle = import_network(write("genforce")[0], tmp_path / "bundle", description)
    path = tmp_path / "faces.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in bundle.folder.iterdir():
            archive.write(file, file.name)
    return path


def test_a_zipped_model_is_installed_as_ever(run: Run, zipped: Path, models: Path) -> None:
    assert run(zipped)[0] == 0
    assert open_bundle(models / "faces").manifest.name == "faces"
    code, _, err = run(zipped)
    assert (code, "already exists" in err) == (2, True)
    assert run(zipped, "--overwrite")[0] == 0


@pytest.mark.parametrize("option", [("--name", "other"), ("--licence", "MIT"), ("--half",), ("--output", "x")])
def test_a_zipped_model_has_a_name_of_its_own(run: Run, zipped: Path, option: tuple[str, ...]) -> None:
    code, _, err = run(zipped, *option)

    assert (code, "name, a licence and a folder of its own" in err) == (2, True)
