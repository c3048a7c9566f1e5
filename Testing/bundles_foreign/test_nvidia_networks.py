"""Networks of NVIDIA's programs: names, attributes and tensors are read, their program text stays a text."""

import pickle
from pathlib import Path

import pytest
import torch
from making_checkpoints import around, text
from making_networks import network, nvidia_modules, pickled

from prognosis.bundles.foreign.reading import FileKind, read_foreign
from prognosis.bundles.foreign.records import ForeignObject
from prognosis.bundles.foreign.trees import flat_tensors
from prognosis.errors import ModelError


@pytest.fixture
def tensors() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(2)
    return {
        "mapping.w_avg": torch.randn(4, generator=generator),
        "mapping.fc0.weight": torch.randn(4, 3, generator=generator),
        "synthesis.b4.const": torch.randn(2, 4, 4, generator=generator),
        "synthesis.b4.conv1.noise_const": torch.randn(4, 4, generator=generator),
    }


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_parameters_and_buffers_come_by_their_names(
    tensors: dict[str, torch.Tensor], tmp_path: Path, protocol: int
) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(pickled(network(tensors, buffers=("w_avg", "noise_const")), protocol=protocol))

    checkpoint = read_foreign(path)
    generator = checkpoint.tree["G_ema"]
    found = flat_tensors(generator)

    assert checkpoint.kind is FileKind.PICKLE
    assert isinstance(generator, ForeignObject)
    assert (generator.class_name, generator.state["img_resolution"]) == ("Generator", 64)
    assert generator.state["_init_kwargs"] == {"z_dim": 12, "img_resolution": 64}
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)
    assert f"G_ema.{next(iter(tensors))}" in flat_tensors(checkpoint.tree)


def test_program_text_is_never_run(tensors: dict[str, torch.Tensor], tmp_path: Path, acts: list[str]) -> None:
    marker = tmp_path / "marker"
    program = f"import os\nos.system('touch {marker}')\nopen({str(marker)!r}, 'w').close()\n"
    path = tmp_path / "network.pkl"
    path.write_bytes(pickled(network(tensors, program=program)))
    assert program.encode() in path.read_bytes()
    acts.clear()

    flat_tensors(read_foreign(path).tree)

    assert acts == []
    assert not marker.exists()


def test_the_stand_in_is_what_python_would_call(tensors: dict[str, torch.Tensor]) -> None:
    raw = pickled(network(tensors))
    with nvidia_modules(), pytest.raises(AssertionError, match="was rebuilt"):
        pickle.loads(raw)


def test_a_network_saved_again_by_torch_is_read(tensors: dict[str, torch.Tensor], tmp_path: Path) -> None:
    path = tmp_path / "network.pt"
    with nvidia_modules():
        torch.save({"G_ema": network(tensors)}, path)

    found = flat_tensors(read_foreign(path).tree["G_ema"])
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def _meta(*entries: bytes) -> bytes:
    name = b"\x80\x02ctorch_utils.persistence\n_reconstruct_persistent_obj\n"
    return name + b"}(" + b"".join(entries) + b"u\x85R."


@pytest.mark.parametrize(
    "pickled_network",
    [
        pytest.param(_meta(), id="nothing"),
        pytest.param(_meta(text("type") + text("class") + text("class_name") + text("A")), id="no state"),
        pytest.param(
            _meta(text("type"), text("module"), text("class_name"), text("A"), text("state"), b"}"), id="type"
        ),
        pytest.param(
            _meta(text("type"), text("class"), text("class_name"), text("A"), text("state"), b"}K\x01Ns"), id="a number"
        ),
    ],
)
def test_a_network_described_otherwise_is_refused(tmp_path: Path, pickled_network: bytes) -> None:
    with pytest.raises(ModelError, match="a network"):
        read_foreign(around(pickled_network, tmp_path / "network.pkl", "pickle"))


def test_tensorflow_networks_are_refused_by_name(tmp_path: Path) -> None:
    path = around(b"\x80\x03cdnnlib.tflib.network\nNetwork\n)\x81.", tmp_path / "network.pkl", "pickle")

    with pytest.raises(ModelError, match=r"'dnnlib\.tflib\.network\.Network'"):
        read_foreign(path)
