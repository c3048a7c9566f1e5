"""The choice of what computes the ResNet, apart from the code that does, which takes seconds to import."""

from enum import Enum


class Engine(Enum):
    """What computes the ResNet; `auto` takes OpenVINO where it is installed."""

    AUTO = "auto"
    OPENVINO = "openvino"
    TORCH = "torch"
