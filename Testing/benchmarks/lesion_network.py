"""The ResNet on the patches of patients with 40 lesions together."""

from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from comparison import compare
from prognosis.bundles.manifest import Method
from prognosis.bundles.store import find_bundle
from prognosis.engines.engine import Engine
from prognosis.lesions.bundle_format import load_lesion_model
from prognosis.lesions.examine import examine_lesions
from prognosis.lesions.inference import make_scorer
from prognosis.lesions.network import LesionNetwork, NetworkOptions
from prognosis.lesions.patches import PatchOptions
from prognosis.lesions.preparing import prepare_ct
from prognosis.phantoms.lesions import LesionPhantomOptions, draw_patient

_PATCHES = 40
_MOST_APART_SD = 0.2


@dataclass(frozen=True)
class _Case:
    """A network and what it is called."""

    name: str
    what: str
    encoder: nn.Module


def lesion_network() -> list[dict[str, Any]]:
    """Both engines, on ResNet18 and on the shipped demonstration model of a quarter of its width."""
    torch.manual_seed(0)
    cases = (
        _Case("", "ResNet18, untrained", LesionNetwork(NetworkOptions()).encoder.eval()),
        _Case(
            "_demonstration",
            "the shipped demonstration model",
            load_lesion_model(find_bundle("lesions-demonstration", method=Method.LESIONS)).network.encoder,
        ),
    )
    patches = _phantom_patches()
    return [_compared(case, engine, patches) for engine in (Engine.OPENVINO, Engine.TORCH) for case in cases]


def _phantom_patches() -> NDArray[np.float32]:
    options = LesionPhantomOptions(seed=5)
    patches: list[NDArray[np.float32]] = []
    for number in count():
        patient = draw_patient(options, number)
        examined = examine_lesions(prepare_ct(patient.image), patient.lesions, PatchOptions())
        patches += [lesion.patch for lesion in examined if lesion.patch is not None]
        if len(patches) >= _PATCHES:
            return np.stack(patches[:_PATCHES])[:, None]
    raise AssertionError("patients never end")


def _compared(case: _Case, engine: Engine, patches: NDArray[np.float32]) -> dict[str, Any]:
    def eager() -> NDArray[np.float32]:
        with torch.inference_mode():
            return case.encoder(torch.from_numpy(patches)).squeeze(1).numpy()

    expected = eager()
    scorer = make_scorer(case.encoder, patches.shape[-1], engine)
    apart = float(np.abs(scorer(patches) - expected).max() / expected.std())
    if apart > _MOST_APART_SD:
        raise AssertionError(f"{scorer.engine} is {apart:.2f} SD apart from PyTorch")
    return compare(
        name=f"lesion_network{case.name}{'_torch' if engine is Engine.TORCH else ''}",
        work=f"{case.what}, {_PATCHES} patches of {patches.shape[-1]} x {patches.shape[-1]}, {scorer.engine}",
        peer=f"PyTorch {torch.__version__} eager fp32",
        ours=lambda: scorer(patches),
        theirs=eager,
        agreement=f"outputs at most {apart:.3f} of their SD apart",
    )
