"""Training state on disk as safetensors and JSON, so that an interrupted training goes on where it was."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor, nn

from prognosis.files import write_bytes, write_json

_STATE = "state.json"


def save_checkpoint(folder: Path, key: str, done: int, module: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Write what is needed to go on after what is done.

    Args:
        folder: Made when missing; the former checkpoint is replaced whole.
        key: Identifies data and options; another key's checkpoint is never resumed.
        done: Number of epochs or steps done, whichever the loop counts.
        module: Parameters and buffers to keep.
        optimizer: State to keep.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"module.{name}": value for name, value in module.state_dict().items()}
    for index, state in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": torch.as_tensor(value) for name, value in state.items()}
    name = f"after-{done:08d}.safetensors"
    write_bytes(folder / name, save({key: value.contiguous().cpu() for key, value in tensors.items()}))
    write_json(folder / _STATE, {"key": key, "done": done, "tensors": name})
    for old in folder.glob("after-*.safetensors"):
        if old.name != name:
            old.unlink()


def load_checkpoint(folder: Path, key: str, module: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Restore module and optimizer from the checkpoint of `key`, where there is one.

    Returns:
        Number of epochs or steps done; 0 when there is nothing to resume.
    """
    state = _read_state(folder)
    if state is None or state.get("key") != key:
        return 0
    tensors = load_file(folder / str(state["tensors"]))
    module.load_state_dict(_below("module.", tensors))
    described = optimizer.state_dict()
    indices = {name.split(".")[0] for name in _below("optimizer.", tensors)}
    described["state"] = {int(index): _below(f"optimizer.{index}.", tensors) for index in indices}
    optimizer.load_state_dict(described)
    return int(state["done"])


def is_begun(folder: Path) -> bool:
    """Whether the folder holds work of any key."""
    return _read_state(folder) is not None


def holds_another(folder: Path, key: str) -> bool:
    """Whether the folder holds work of another key, which the next checkpoint of this one would replace."""
    state = _read_state(folder)
    return state is not None and state.get("key") != key


def _read_state(folder: Path) -> dict[str, Any] | None:
    """What the last checkpoint says; None where there is none that can be read, for it can be made again."""
    try:
        state = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return state if isinstance(state, dict) else None


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
