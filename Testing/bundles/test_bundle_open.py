"""Opening a bundle: everything is verified before use, and nothing is ever executed."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from prognosis.bundles.bundle import Bundle, open_bundle, read_manifest
from prognosis.bundles.store import find_bundle, list_bundles
from prognosis.errors import ModelError


class _Bomb:
    """Makes a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple:
        return (os.mkdir, (str(self.marker),))


def test_a_whole_bundle_opens(bundle: Bundle, tensors: dict[str, torch.Tensor]) -> None:
    opened = open_bundle(bundle.folder)

    assert opened == bundle
    read = opened.tensors("weights.safetensors")
    assert read.keys() == tensors.keys()
    assert all(torch.equal(read[name], tensors[name]) for name in tensors)
    assert opened.read("notes.txt") == b"a note\n"


def test_a_truncated_file_is_refused_by_its_hash(bundle: Bundle) -> None:
    weights = bundle.folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])

    with pytest.raises(ModelError, match=r"weights\.safetensors.*cut short or altered"):
        open_bundle(bundle.folder)


def test_one_flipped_bit_is_refused_by_its_hash(bundle: Bundle) -> None:
    weights = bundle.folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)

    with pytest.raises(ModelError, match=r"weights\.safetensors.*SHA-256 differs"):
        open_bundle(bundle.folder)


def test_a_file_altered_after_opening_is_refused(bundle: Bundle) -> None:
    (bundle.folder / "weights.safetensors").write_bytes(b"other")

    with pytest.raises(ModelError, match="SHA-256 differs"):
        bundle.tensors("weights.safetensors")


def test_a_missing_file_is_named(bundle: Bundle) -> None:
    (bundle.folder / "notes.txt").unlink()

    with pytest.raises(ModelError, match=r"notes\.txt is missing"):
        open_bundle(bundle.folder)


def test_a_file_the_manifest_does_not_know_cannot_be_read(bundle: Bundle) -> None:
    with pytest.raises(ModelError, match=r"has no file 'ct\.safetensors'"):
        bundle.tensors("ct.safetensors")


@pytest.mark.parametrize("name", ["surprise.txt", ".hidden", "weights.safetensors.old"])
def test_an_unlisted_file_is_refused(bundle: Bundle, plant: Callable, name: str) -> None:
    plant(bundle.folder, name, b"x", listed=False)

    with pytest.raises(ModelError, match="does not list it") as refusal:
        open_bundle(bundle.folder)
    assert name in str(refusal.value)


def test_a_folder_that_cannot_be_listed_is_refused(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    def locked(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", locked)

    with pytest.raises(ModelError, match=r"tiny cannot be read \(Permission denied\)"):
        open_bundle(bundle.folder)


def test_a_folder_inside_is_refused(bundle: Bundle) -> None:
    (bundle.folder / "__pycache__").mkdir()

    with pytest.raises(ModelError, match="__pycache__ does not belong to the model"):
        open_bundle(bundle.folder)


@pytest.mark.parametrize("listed", [True, False], ids=["listed", "unlisted"])
@pytest.mark.parametrize(
    "name", ["model.pkl", "model.pth", "model.pt", "model.bin", "model.ckpt", "model.npy", "model.npz", "MODEL.JOBLIB"]
)
def test_a_pickle_is_refused_and_never_runs(bundle: Bundle, plant: Callable, name: str, listed: bool) -> None:
    marker = bundle.folder.parent / "it-ran"
    plant(bundle.folder, name, pickle.dumps(_Bomb(marker)), listed=listed)

    with pytest.raises(ModelError, match="kind that can carry code") as refusal:
        open_bundle(bundle.folder)

    assert name in str(refusal.value)
    assert not marker.exists()


@pytest.mark.parametrize("kind", ["pickle", "torch checkpoint"])
def test_a_pickle_named_safetensors_never_runs(bundle: Bundle, plant: Callable, tmp_path: Path, kind: str) -> None:
    marker = tmp_path / "it-ran"
    if kind == "pickle":
        content = pickle.dumps(_Bomb(marker))
    else:
        torch.save({"weight": _Bomb(marker)}, tmp_path / "saved")
        content = (tmp_path / "saved").read_bytes()
    plant(bundle.folder, "weights.safetensors", content, listed=True)
    opened = open_bundle(bundle.folder)

    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read as safetensors"):
        opened.tensors("weights.safetensors")

    assert not marker.exists()


def test_the_planted_pickle_would_have_run(tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"

    pickle.loads(pickle.dumps(_Bomb(marker)))  # shows that the tests above can fail

    assert marker.exists()


def _as_link(path: Path) -> None:
    elsewhere = path.parent.parent / f"elsewhere-{path.name}"
    path.rename(elsewhere)
    try:
        path.symlink_to(elsewhere)
    except OSError:
        pytest.skip("links cannot be made here")


@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_a_link_out_of_the_folder_is_refused(bundle: Bundle, name: str) -> None:
    _as_link(bundle.folder / name)

    with pytest.raises(ModelError, match=f"{name} is a link"):
        open_bundle(bundle.folder)


def test_a_file_replaced_by_a_link_after_opening_is_refused(bundle: Bundle) -> None:
    _as_link(bundle.folder / "weights.safetensors")

    with pytest.raises(ModelError, match="is a link"):
        bundle.tensors("weights.safetensors")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes exist on POSIX only")
def test_a_named_pipe_does_not_hang(bundle: Bundle) -> None:
    (bundle.folder / "notes.txt").unlink()
    os.mkfifo(bundle.folder / "notes.txt")

    with pytest.raises(ModelError, match="no plain file"):
        open_bundle(bundle.folder)


def test_an_endless_manifest_is_refused_before_it_is_read(bundle: Bundle) -> None:
    with (bundle.folder / "model.json").open("r+b") as stream:
        stream.truncate(10**10)

    with pytest.raises(ModelError, match="too long for a manifest"):
        open_bundle(bundle.folder)


@pytest.mark.parametrize("kind", ["nowhere", "a file", "an empty folder"])
def test_what_is_no_model_folder_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "a file":
        path.write_bytes(b"PK")
    elif kind == "an empty folder":
        path.mkdir()

    with pytest.raises(ModelError, match=r"is not a model folder|model\.json is missing"):
        open_bundle(path)


def test_a_manifest_is_read_without_verifying_the_files(bundle: Bundle) -> None:
    (bundle.folder / "weights.safetensors").unlink()

    assert read_manifest(bundle.folder) == bundle.manifest


def test_the_room_is_entered_without_pytorch() -> None:
    rooms = "archive, bundle, card, file_names, manifest, store, strict_json, weights, writing"
    code = f"import sys; from prognosis.bundles import {rooms}; sys.exit('torch' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_listing_models_needs_no_pytorch(bundle: Bundle) -> None:
    code = "import sys; from prognosis.bundles import store; store.list_bundles(); sys.exit('torch' in sys.modules)"
    environment = {**os.environ, "PROGNOSIS_MODELS": str(bundle.folder)}

    assert subprocess.run([sys.executable, "-c", code], check=False, env=environment).returncode == 0


def test_listing_and_finding_never_run_a_pickle(places: dict, write: Callable, plant: Callable, tmp_path: Path) -> None:
    marker = tmp_path / "it-ran"
    bundle = write(places["first"] / "tiny")
    plant(bundle.folder, "model.pkl", pickle.dumps(_Bomb(marker)), listed=False)

    (entry,) = list_bundles()
    with pytest.raises(ModelError, match="can carry code"):
        find_bundle("tiny-lesions", method=bundle.manifest.method)

    assert entry.bundle is None
    assert "model.pkl" in str(entry.problem)
    assert not marker.exists()
