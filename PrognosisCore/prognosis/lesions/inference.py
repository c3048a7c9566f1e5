"""Running the ResNet on a patient's patches, by OpenVINO where it is installed, else by PyTorch."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from prognosis.engines.engine import Engine
from prognosis.engines.openvino_engine import compile_for_openvino, takes_openvino
from prognosis.training.device import has_fast_bfloat16

_BATCH = 40


@dataclass(frozen=True)
class PatchScorer:
    """A ResNet ready to run.

    Args:
        engine: What runs it and in which precision, for the record.
        run: (n, 1, size, size) float32 -> (n,) float32, n from 1 to 40.
    """

    engine: str
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]]

    def __call__(self, patches: NDArray[np.float32]) -> NDArray[np.float32]:
        """Score any number of patches."""
        if not len(patches):
            return np.empty(0, np.float32)
        return np.concatenate([self.run(patches[start : start + _BATCH]) for start in range(0, len(patches), _BATCH)])


def make_scorer(encoder: nn.Module, patch_size: int, engine: Engine = Engine.AUTO) -> PatchScorer:
    """Prepare an encoder for repeated scoring on this processor.

    Raises:
        UsageError: OpenVINO is asked for and not installed.
    """
    by_openvino = takes_openvino(engine)
    encoder = copy.deepcopy(encoder).eval()
    return _openvino_scorer(encoder, patch_size) if by_openvino else _torch_scorer(encoder)


def _torch_scorer(encoder: nn.Module) -> PatchScorer:
    kind = torch.bfloat16 if has_fast_bfloat16(torch.device("cpu")) else torch.float32
    _fold_batch_norm(encoder)
    encoder.to(dtype=kind, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def run(patches: NDArray[np.float32]) -> NDArray[np.float32]:
        batch = torch.from_numpy(np.ascontiguousarray(patches)).to(kind, memory_format=torch.channels_last)
        with torch.inference_mode():
            return encoder(batch).float().squeeze(1).numpy()

    return PatchScorer(f"torch {torch.__version__.partition('+')[0]} {str(kind).removeprefix('torch.')}", run)


def _fold_batch_norm(module: nn.Module) -> None:
    """Fold each batch normalisation into the convolution registered just before it: the same function, sooner done."""
    children = list(module.named_children())
    for (conv_name, conv), (norm_name, norm) in pairwise(children):
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            setattr(module, conv_name, fuse_conv_bn_eval(conv, norm))
            setattr(module, norm_name, nn.Identity())
    for _, child in children:
        _fold_batch_norm(child)


def _openvino_scorer(encoder: nn.Module, patch_size: int) -> PatchScorer:
    name, run = compile_for_openvino(encoder, (1, patch_size, patch_size), half=True)
    return PatchScorer(name, lambda patches: run(patches).reshape(-1))
