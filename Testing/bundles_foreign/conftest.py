"""What a foreign file may hold, and a watch on what happens while one is read."""

import argparse
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from making_checkpoints import KINDS, around, saved

from prognosis.bundles.foreign.reading import read_foreign
from prognosis.errors import ModelError

_ACTS = ("os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "subprocess.Popen", "socket.connect")
_CODE = ("exec", "compile", "pickle.find_class", "marshal.loads")
_watch: dict[str, list[str] | None] = {"seen": None}


def _hook(event: str, _: object) -> None:
    seen = _watch["seen"]
    if seen is not None and event in (*_ACTS, *_CODE):
        seen.append(event)


@pytest.fixture(scope="session", autouse=True)
def _listening(tmp_path_factory: pytest.TempPathFactory) -> None:
    # What Python loads of itself at the first reading would be reported too.
    for kind in KINDS:
        read_foreign(saved({"a": torch.ones(1)}, tmp_path_factory.mktemp("first") / "file", kind))
        with pytest.raises(ModelError):
            read_foreign(around(b"cos\nsystem\n.", tmp_path_factory.mktemp("first") / "file", kind))
    # Python takes a hook in for good; it only listens while a test asks for it.
    sys.addaudithook(_hook)


@pytest.fixture
def acts() -> Iterator[list[str]]:
    """What Python itself reports to have been run, compiled or unpickled during the test."""
    seen: list[str] = []
    _watch["seen"] = seen
    yield seen
    _watch["seen"] = None


@pytest.fixture
def content() -> dict[str, Any]:
    """A training checkpoint with everything that belongs into one."""
    generator = torch.Generator().manual_seed(3)
    matrix = torch.randn(3, 2, generator=generator)
    return {
        "float": matrix,
        "transposed": matrix.t(),
        "rows": [matrix[0], matrix[2]],
        "half": torch.randn(5, generator=generator).half(),
        "bfloat": torch.randn(5, generator=generator).bfloat16(),
        "double": torch.randn(2, 2, generator=generator).double(),
        "steps": torch.tensor(12),
        "whole": torch.arange(4, dtype=torch.int32),
        "bytes": torch.arange(7, dtype=torch.uint8),
        "mask": torch.tensor([True, False, True]),
        "empty": torch.zeros(0, 3),
        "not a number": torch.tensor([float("nan"), float("inf")]),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "state": torch.nn.Linear(2, 3).state_dict(),
        "array": np.arange(6.0).reshape(2, 3),
        "columns": np.asfortranarray(np.arange(6, dtype=np.int16).reshape(2, 3)),
        "number": np.float32(2.5),
        "options": argparse.Namespace(size=64, names=["a", "b"]),
        "plain": {"lr": 0.002, "betas": (0.0, 0.99), "name": "Größe", 3: None, "flags": {1, 2}, "raw": b"\x00\xff"},
        "shape": matrix.shape,
        "device": torch.device("cpu"),
        "kind": torch.float16,
        "large": 2**128,
    }
