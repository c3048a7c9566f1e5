"""The choice of what computes a trained network, apart from the code that does, which takes seconds to import."""

from enum import Enum


class Engine(Enum):
    """What computes a trained network; `auto` takes OpenVINO where it is installed."""

    AUTO = "auto"
    OPENVINO = "openvino"
    TORCH = "torch"
