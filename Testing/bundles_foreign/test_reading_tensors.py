"""Tensors and settings come out of foreign files as PyTorch and Python put them in."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from making_checkpoints import KINDS, saved

from prognosis.bundles.foreign.reading import FileKind, read_foreign
from prognosis.bundles.foreign.records import ForeignName, ForeignObject
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.errors import ModelError


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_is_the_one_that_was_saved(content: dict[str, Any], tmp_path: Path, kind: str) -> None:
    checkpoint = read_foreign(saved(content, tmp_path / "file", kind))
    tensors = flat_tensors(checkpoint.tree)

    expected = {name: value for name, value in content.items() if isinstance(value, torch.Tensor)}
    expected |= {"rows.0": content["rows"][0], "rows.1": content["rows"][1]}
    expected |= {f"state.{name}": value for name, value in content["state"].items()}
    expected |= {name: torch.from_numpy(content[name]) for name in ("array", "columns")}
    assert checkpoint.kind is FileKind(kind)
    assert tensors.keys() == expected.keys()
    for name, tensor in tensors.items():
        assert tensor.dtype == expected[name].dtype, name
        assert torch.equal(tensor.nan_to_num(), expected[name].detach().nan_to_num()), name
        assert not tensor.requires_grad, name


@pytest.mark.parametrize("kind", KINDS)
def test_settings_come_as_plain_values(content: dict[str, Any], tmp_path: Path, kind: str) -> None:
    tree = read_foreign(saved(content, tmp_path / "file", kind)).tree

    assert tree["plain"] == content["plain"]
    assert tree["number"] == 2.5
    assert (tree["shape"], tree["device"], tree["large"]) == ((3, 2), "cpu", 2**128)
    assert isinstance(tree["options"], ForeignObject)
    assert (tree["options"].class_name, tree["options"].state) == (
        "argparse.Namespace",
        {"size": 64, "names": ["a", "b"]},
    )
    assert isinstance(tree["kind"], ForeignName)
    assert tree["kind"].name == "torch.float16"


@pytest.mark.parametrize("kind", KINDS[:2])
def test_tensors_that_shared_their_numbers_still_do(tmp_path: Path, kind: str) -> None:
    whole = torch.arange(10.0)
    tensors = flat_tensors(read_foreign(saved({"whole": whole, "part": whole[4:7]}, tmp_path / "f", kind)).tree)

    tensors["whole"][5] = -1
    assert tensors["part"].tolist() == [4, -1, 6]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_pickles_of_every_binary_protocol(content: dict[str, Any], tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "file.pkl"
    path.write_bytes(pickle.dumps(content, protocol=protocol))

    tensors = flat_tensors(read_foreign(path).tree)

    assert torch.equal(tensors["transposed"], content["float"].t())
    assert np.array_equal(tensors["columns"].numpy(), content["columns"])


def test_a_big_endian_array_keeps_its_numbers(tmp_path: Path) -> None:
    path = saved({"array": np.array([1.0, 2.0], dtype=">f4")}, tmp_path / "file", "pickle")

    assert flat_tensors(read_foreign(path).tree)["array"].tolist() == [1.0, 2.0]


def test_a_truth_value_is_0_or_1_whatever_byte_it_came_as(tmp_path: Path) -> None:
    path = saved({"mask": torch.tensor([True, False, True])}, tmp_path / "file", "torch before 1.6")
    raw = path.read_bytes()
    path.write_bytes(raw[:-1] + b"\x07")

    mask = flat_tensors(read_foreign(path).tree)["mask"]
    assert mask.view(torch.uint8).tolist() == [1, 0, 1]


def test_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = saved({"a": torch.ones(2)}, tmp_path / "file", "torch zip")
    checkpoint = read_foreign(path)

    assert checkpoint.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert checkpoint.size_bytes == path.stat().st_size


def test_two_tensors_of_one_name_are_refused(tmp_path: Path) -> None:
    path = saved({"a": {"b": torch.ones(1)}, "a.b": torch.zeros(1)}, tmp_path / "file", "torch zip")

    with pytest.raises(ModelError, match=r"two tensors called 'a\.b'"):
        flat_tensors(read_foreign(path).tree)


@pytest.mark.parametrize("made", ["nothing", "a folder", "too large"])
def test_what_cannot_be_opened_is_told(tmp_path: Path, made: str) -> None:
    path = tmp_path / "file.pt"
    if made == "a folder":
        path.mkdir()
    if made == "too large":
        saved({"a": torch.ones(500)}, path, "torch zip")

    with pytest.raises(ModelError, match="larger than 1e-06 GB" if made == "too large" else "is not a file") as error:
        read_foreign(path, size_limit=1000)
    assert error.value.remedy
