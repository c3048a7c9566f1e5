"""Networks computed by OpenVINO, which is imported only where it is used."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from prognosis.engines.engine import Engine
from prognosis.errors import UsageError

if TYPE_CHECKING:
    from torch import nn

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def takes_openvino(engine: Engine) -> bool:
    """Whether OpenVINO computes when an engine is asked for.

    Raises:
        UsageError: OpenVINO is asked for and not installed.
    """
    installed = find_spec("openvino") is not None
    if engine is Engine.OPENVINO and not installed:
        raise UsageError("OpenVINO is not installed.", remedy="Install slicer-prognosis[fast], or use --engine torch.")
    return installed and engine is not Engine.TORCH


def compile_for_openvino(network: "nn.Module", shape: tuple[int, ...], *, half: bool) -> tuple[str, Run]:
    """Prepare a network of one input and one output.

    Args:
        network: In evaluation mode.
        shape: Of one input, without the number of inputs in front.
        half: Whether to compute in bfloat16 where the processor does that quickly.

    Returns:
        The engine's name, version and precision, for the record; and what runs the network on (n, *shape).
    """
    import openvino
    import torch
    from openvino.frontend import FrontEndManager
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder

    # The front end is called itself because openvino.convert_model reports its use to a server.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it traces by torch.jit
        warnings.simplefilter("ignore", torch.jit.TracerWarning)  # type: ignore[attr-defined]  # shapes are fixed
        decoder = TorchScriptPythonDecoder(network, example_input=torch.zeros(1, *shape))
    front_end = FrontEndManager().load_by_framework("pytorch")
    model = front_end.convert(front_end.load(decoder))
    model.reshape([-1, *shape])
    core = openvino.Core()
    half = half and "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    compiled = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "bf16" if half else "f32"})

    def run(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(compiled(np.ascontiguousarray(inputs))[0], np.float32)

    return f"openvino {openvino.__version__.partition('-')[0]} {'bfloat16' if half else 'float32'}", run
