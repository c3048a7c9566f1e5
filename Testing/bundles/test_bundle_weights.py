"""Tensors to bytes and back, and into the network they belong to."""

import json
import struct

import pytest
import safetensors.torch
import torch

from prognosis.bundles.weights import load_weights, tensor_bytes, tensors_from
from prognosis.errors import ModelError

WHAT = "tiny/weights.safetensors"


def _network(width: int = 3) -> torch.nn.Module:
    torch.manual_seed(1)
    return torch.nn.Sequential(torch.nn.Conv2d(1, width, 3), torch.nn.BatchNorm2d(width))


def test_a_network_comes_back() -> None:
    saved = _network()
    for parameter in saved.parameters():
        torch.nn.init.normal_(parameter)
    loaded = _network()

    load_weights(loaded, tensors_from(tensor_bytes(saved.state_dict(), half=False, what=WHAT), what=WHAT), what=WHAT)

    image = torch.ones(2, 1, 8, 8)
    assert torch.equal(loaded.eval()(image), saved.eval()(image))


def test_half_precision_is_read_as_single(tensors: dict[str, torch.Tensor]) -> None:
    raw = tensor_bytes(tensors, half=True, what=WHAT)
    read = tensors_from(raw, what=WHAT)

    assert len(raw) < len(tensor_bytes(tensors, half=False, what=WHAT))
    assert read["layer.weight"].dtype == torch.float32
    torch.testing.assert_close(read["layer.weight"], tensors["layer.weight"], rtol=1e-3, atol=1e-6)
    assert read["steps"] == 12
    assert read["steps"].dtype == torch.int64


def test_bfloat16_is_read_as_single() -> None:
    raw = tensor_bytes({"a": torch.tensor([1.5], dtype=torch.bfloat16)}, half=False, what=WHAT)

    read = tensors_from(raw, what=WHAT)["a"]
    assert (read.dtype, read.item()) == (torch.float32, 1.5)


def test_tensors_that_share_memory_or_are_turned_are_stored_apart() -> None:
    base = torch.arange(6.0).reshape(2, 3)

    read = tensors_from(tensor_bytes({"a": base, "b": base.T}, half=False, what=WHAT), what=WHAT)

    assert torch.equal(read["a"], base)
    assert torch.equal(read["b"], base.T)


def test_an_empty_tensor_comes_back() -> None:
    read = tensors_from(tensor_bytes({"a": torch.zeros(0, 3)}, half=False, what=WHAT), what=WHAT)

    assert read["a"].shape == (0, 3)


def test_the_same_tensors_give_the_same_bytes(tensors: dict[str, torch.Tensor]) -> None:
    turned = dict(reversed(tensors.items()))

    assert tensor_bytes(tensors, half=True, what=WHAT) == tensor_bytes(turned, half=True, what=WHAT)


@pytest.mark.parametrize(
    ("value", "half"),
    [
        pytest.param(float("nan"), False, id="NaN"),
        pytest.param(float("inf"), False, id="infinite"),
        pytest.param(1e6, True, id="too large for half precision"),
    ],
)
def test_numbers_that_are_not_finite_are_not_stored(value: float, half: bool) -> None:
    with pytest.raises(ModelError, match=r"weights\.safetensors: the tensor 'layer' holds numbers that are not finite"):
        tensor_bytes({"layer": torch.tensor([0.0, value])}, half=half, what=WHAT)


def _safetensors(header: object, data: bytes) -> bytes:
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x10\0\0", id="shorter than a length"),
        pytest.param(struct.pack("<Q", 2**63) + b"{}", id="header of 8 exabytes"),
        pytest.param(struct.pack("<Q", 100) + b"{}", id="header cut short"),
        pytest.param(struct.pack("<Q", 4) + b"\xff\xff\xff\xff", id="header no text"),
        pytest.param(_safetensors([], b""), id="header no mapping"),
        pytest.param(
            _safetensors({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, b"\0" * 8), id="data cut short"
        ),
        pytest.param(
            _safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 16), id="data left over"
        ),
        pytest.param(
            _safetensors({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 8]}}, b"\0" * 8), id="shape too large"
        ),
        pytest.param(
            _safetensors({"a": {"dtype": "F32", "shape": [2**62, 4], "data_offsets": [0, 8]}}, b"\0" * 8),
            id="shape beyond any memory",
        ),
        pytest.param(
            _safetensors({"a": {"dtype": "P32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 8), id="unknown numbers"
        ),
    ],
)
def test_what_is_no_whole_safetensors_file_is_refused(raw: bytes) -> None:
    with pytest.raises(ModelError, match=r"weights\.safetensors cannot be read as safetensors"):
        tensors_from(raw, what=WHAT)


def test_stored_numbers_that_are_not_finite_are_refused() -> None:
    raw = _safetensors({"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, struct.pack("<f", float("nan")))

    with pytest.raises(ModelError, match="'a' holds numbers that are not finite"):
        tensors_from(raw, what=WHAT)


@pytest.mark.parametrize(
    "kind", [torch.float8_e4m3fn, torch.float8_e5m2, torch.complex64], ids=lambda kind: str(kind).split(".")[1]
)
def test_uncommon_kinds_of_numbers_are_refused(kind: torch.dtype) -> None:
    name = str(kind).removeprefix("torch.")
    tensors = {"a": torch.zeros(3).to(kind)}

    with pytest.raises(ModelError, match=f"'a' holds numbers of the kind {name}"):
        tensors_from(safetensors.torch.save(tensors), what=WHAT)
    with pytest.raises(ModelError, match=f"'a' holds numbers of the kind {name}"):
        tensor_bytes(tensors, half=False, what=WHAT)


@pytest.mark.parametrize("kind", [torch.bool, torch.uint8, torch.int32, torch.float64])
def test_common_kinds_of_numbers_come_back(kind: torch.dtype) -> None:
    tensor = torch.tensor([0, 1, 1]).to(kind)

    read = tensors_from(tensor_bytes({"a": tensor}, half=False, what=WHAT), what=WHAT)["a"]
    assert read.dtype == kind
    assert torch.equal(read, tensor)


def test_weights_of_another_architecture_list_both_shapes() -> None:
    network = _network(width=3)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}

    with pytest.raises(ModelError) as refusal:
        load_weights(network, _network(width=5).state_dict(), what=WHAT)

    assert "0.weight (network (3, 1, 3, 3), file (5, 1, 3, 3))" in str(refusal.value)
    assert "1.bias (network (3,), file (5,))" in str(refusal.value)
    assert WHAT in str(refusal.value)
    assert all(torch.equal(tensor, before[name]) for name, tensor in network.state_dict().items())


def test_missing_and_unexpected_weights_are_listed() -> None:
    weights = _network().state_dict()
    weights["2.weight"] = weights.pop("0.weight")

    with pytest.raises(ModelError, match=r"missing: 0\.weight \(3, 1, 3, 3\); unexpected: 2\.weight \(3, 1, 3, 3\)\."):
        load_weights(_network(), weights, what=WHAT)


def test_a_long_list_is_cut() -> None:
    many = {f"layer{at}": torch.zeros(1) for at in range(50)}

    with pytest.raises(ModelError, match="and 42 more"):
        load_weights(torch.nn.Identity(), many, what=WHAT)
