"""Checkpoints of other programs on disk."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from prognosis.bundles.model_used import Description

# The formats are made, and their images computed independently, by helpers of these rooms.
for room in ("bundles_foreign", "portraits_stylegan2"):
    sys.path.append(str(Path(__file__).resolve().parents[1] / room))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., tuple[Path, dict[str, torch.Tensor]]]:
    """Write a checkpoint of one of the programs; returns its path and the tensors in it."""

    from making_foreign_files import WRITERS

    def writing(program: str, **options: Any) -> tuple[Path, dict[str, torch.Tensor]]:
        path = tmp_path / f"checkpoint.{'pkl' if program == 'stylegan2-ada' else 'pth'}"
        return path, WRITERS[program](path, **options)

    return writing


@pytest.fixture
def description() -> Description:
    return Description("faces", licence="CC-BY-NC-4.0", intended_use="A test.")
