"""Bottleneck features of one region beside the whole pass of MONAI's network."""

from typing import Any

import numpy as np
import torch
from monai.networks.nets.basic_unet import BasicUNet
from numpy.typing import NDArray

from comparison import compare
from prognosis.biomarkers.feature_names import flatten
from prognosis.biomarkers.networks.extraction import make_extractor
from prognosis.biomarkers.networks.unet import INPUT_SHAPE, Norm, SegmentingUNet, UNetOptions
from prognosis.engines.engine import Engine

_MOST_APART = 1e-3


def unet_features() -> list[dict[str, Any]]:
    """Both engines, on the paper's network with the normalisation that MONAI's has by itself."""
    return [_compared(engine) for engine in (Engine.OPENVINO, Engine.TORCH)]


def _compared(engine: Engine) -> dict[str, Any]:
    peer, network = the_paper_twice()
    region = np.random.default_rng(5).normal(0, 60, INPUT_SHAPE[1:]).astype(np.float32)
    seen: list[torch.Tensor] = []

    def whole() -> NDArray[np.float32]:
        with torch.inference_mode():
            return peer(torch.from_numpy(region)[None, None]).numpy()

    hook = peer.down_4.register_forward_hook(lambda _module, _given, bottleneck: seen.append(bottleneck))
    whole()
    hook.remove()
    expected = flatten(seen[0][0].numpy())
    extractor = make_extractor(network, engine=engine)
    apart = float(np.abs(extractor(region) - expected).max() / expected.max())
    if apart > _MOST_APART:
        raise AssertionError(f"{extractor.engine} is {apart:.1e} of the largest feature apart from MONAI")
    return compare(
        name=f"unet_features{'_torch' if engine is Engine.TORCH else ''}",
        work=f"features of one region of 96 x 96 x 48, channels 32 to 512, {extractor.engine}",
        peer=f"MONAI's BasicUNet whole, PyTorch {torch.__version__} eager fp32",
        ours=lambda: extractor(region),
        theirs=whole,
        agreement=f"features at most {apart:.1e} of the largest apart",
        repeats=7,
    )


def the_paper_twice() -> tuple[BasicUNet, SegmentingUNet]:
    """MONAI's network and ours with the same weights, untrained."""
    torch.manual_seed(0)
    peer = BasicUNet(features=(32, 64, 128, 256, 512, 32), out_channels=1, act=("relu", {"inplace": False})).eval()
    network = SegmentingUNet(UNetOptions(norm=Norm.INSTANCE)).eval()
    levels = (peer.conv_0, peer.down_1, peer.down_2, peer.down_3, peer.down_4)
    for ours, theirs in zip(network.down, levels, strict=True):
        ours.load_state_dict(theirs.state_dict())
    return peer, network
