"""A patient's bottleneck features: the encoder of a U-Net run on one region."""

import copy
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from prognosis.biomarkers.feature_names import flatten
from prognosis.biomarkers.images.region import REGION_SIZE
from prognosis.biomarkers.networks.unet import INPUT_SHAPE, SegmentingUNet
from prognosis.engines.engine import Engine
from prognosis.engines.openvino_engine import compile_for_openvino, takes_openvino


@dataclass(frozen=True)
class Extractor:
    """An encoder ready to run.

    Args:
        engine: What runs it and in which precision, for the record.
        run: (1, 1, 48, 96, 96) float32 -> (1, 512, 3, 6, 6) float32.
    """

    engine: str
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]]

    def __call__(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of a region.

        Args:
            x: (48, 96, 96) normalised region [k, j, i].

        Returns:
            (55296,) as `feature_names.flatten` orders them.

        Raises:
            ValueError: x has another shape.
        """
        if x.shape != REGION_SIZE[::-1]:
            msg = f"features are of a region of shape {REGION_SIZE[::-1]}, got {x.shape}"
            raise ValueError(msg)
        return flatten(self.run(np.asarray(x, np.float32)[None, None])[0])


def make_extractor(network: SegmentingUNet, *, engine: Engine = Engine.AUTO) -> Extractor:
    """Prepare a network's encoder for repeated use on this processor, as it is now.

    Features are computed in single precision by every engine: bfloat16 moves them by some percent of their largest,
    and features of one study must not depend on the processor.

    Raises:
        UsageError: OpenVINO is asked for and not installed.
    """
    by_openvino = takes_openvino(engine)
    encoder = copy.deepcopy(network.encoder).eval().requires_grad_(False)
    return Extractor(*compile_for_openvino(encoder, INPUT_SHAPE, half=False)) if by_openvino else _by_torch(encoder)


def _by_torch(encoder: nn.Module) -> Extractor:
    def run(x: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            return encoder(torch.from_numpy(np.ascontiguousarray(x))).numpy()

    return Extractor(f"torch {torch.__version__.partition('+')[0]} float32", run)
