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


def lesion_network() -> list[dict[str, Any]]:
    torch.manual_seed(0)
    encoder = LesionNetwork(NetworkOptions(width=64)).encoder.eval()
    patches = np.random.default_rng(0).normal(size=(_PATCHES, 1, _SIZE, _SIZE)).astype(np.float32)

    def eager() -> np.ndarray:
        with torch.inference_mode():
            return encoder(torch.from_numpy(patches)).squeeze(1).numpy()

    expected = eager()
    rows = []
    for engine in (Engine.TORCH, Engine.OPENVINO):
        scorer = make_scorer(encoder, _SIZE, engine)
        difference = float(np.abs(scorer(patches) - expected).max())
        rows.append(
            compare(
                name="lesion_network" if engine is Engine.OPENVINO else "lesion_network_torch",
                work=f"ResNet18, {_PATCHES} patches of {_SIZE} x {_SIZE}, {scorer.engine}",
                peer=f"PyTorch {torch.__version__} eager fp32",
                ours=lambda scorer=scorer: scorer(patches),
                theirs=eager,
                agreement=f"largest difference of an output {difference:.1e} (outputs of SD {expected.std():.1e})",
            )
        )
    return rows
