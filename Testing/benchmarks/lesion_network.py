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
_WIDTHS = {"": 64, "_demonstration_width": 16}


def lesion_network() -> list[dict[str, Any]]:
    """Both engines, on ResNet18 and on the narrower one of the demonstration model."""
    return [_compared(engine, name) for engine in (Engine.OPENVINO, Engine.TORCH) for name in _WIDTHS]


def _compared(engine: Engine, name: str) -> dict[str, Any]:
    width = _WIDTHS[name]
    torch.manual_seed(0)
    encoder = LesionNetwork(NetworkOptions(width=width)).encoder.eval()
    patches = np.random.default_rng(0).normal(size=(_PATCHES, 1, _SIZE, _SIZE)).astype(np.float32)

    def eager() -> np.ndarray:
        with torch.inference_mode():
            return encoder(torch.from_numpy(patches)).squeeze(1).numpy()

    expected = eager()
    scorer = make_scorer(encoder, _SIZE, engine)
    difference = float(np.abs(scorer(patches) - expected).max() / expected.std())
    if difference > _LARGEST_DIFFERENCE_SD:
        raise AssertionError(f"{scorer.engine} differs by {difference:.2f} SD of the outputs")
    return compare(
        name=f"lesion_network{name}{'_torch' if engine is Engine.TORCH else ''}",
        work=f"ResNet18 of width {width}, {_PATCHES} patches of {_SIZE} x {_SIZE}, {scorer.engine}",
        peer=f"PyTorch {torch.__version__} eager fp32",
        ours=lambda: scorer(patches),
        theirs=eager,
        agreement=f"largest difference {difference:.3f} SD of the outputs of this untrained network",
    )
