"""The ResNet on the patches of a patient with 40 lesions."""

from typing import Any

import numpy as np
import torch

from comparison import compare
from prognosis.lesions.engine import Engine
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.network import LesionNetwork, NetworkOptions

_PATCHES = 40
_SIZE = 72
_LARGEST_DIFFERENCE_SD = 0.2  # of the outputs' SD; an untrained network's outputs hardly differ, so this is coarse


def lesion_network() -> list[dict[str, Any]]:
    """Both engines, on ResNet18 as it is used here and with the stem of stride 1 that MONAI gives it by default."""
    return [_compared(engine, stem_stride) for engine in (Engine.OPENVINO, Engine.TORCH) for stem_stride in (2, 1)]


def _compared(engine: Engine, stem_stride: int) -> dict[str, Any]:
    torch.manual_seed(0)
    encoder = LesionNetwork(NetworkOptions(width=64, stem_stride=stem_stride)).encoder.eval()
    patches = np.random.default_rng(0).normal(size=(_PATCHES, 1, _SIZE, _SIZE)).astype(np.float32)

    def eager() -> np.ndarray:
        with torch.inference_mode():
            return encoder(torch.from_numpy(patches)).squeeze(1).numpy()

    expected = eager()
    scorer = make_scorer(encoder, _SIZE, engine)
    difference = float(np.abs(scorer(patches) - expected).max() / expected.std())
    if difference > _LARGEST_DIFFERENCE_SD:
        raise AssertionError(f"{scorer.engine} differs by {difference:.2f} SD of the outputs")
    suffix = ("" if engine is Engine.OPENVINO else "_torch") + ("" if stem_stride == 2 else "_stem_stride_1")
    return compare(
        name=f"lesion_network{suffix}",
        work=f"ResNet18 (stem stride {stem_stride}), {_PATCHES} patches of {_SIZE} x {_SIZE}, {scorer.engine}",
        peer=f"PyTorch {torch.__version__} eager fp32",
        ours=lambda: scorer(patches),
        theirs=eager,
        agreement=f"largest difference {difference:.3f} SD of the outputs of this untrained network",
    )
