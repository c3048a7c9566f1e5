"""Where and in which precision networks are trained."""

import torch

from prognosis.errors import UsageError


def choose_device(name: str = "auto") -> torch.device:
    """Return the device asked for; 'auto' takes CUDA where there is one.

    Raises:
        UsageError: The device does not exist here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        float(torch.zeros(1, device=device))
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"Device '{name}' cannot be used here.", remedy="Use --device cpu or auto.") from error
    return device


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether half precision makes networks faster on the device."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return device.type == "cpu" and torch.cpu._is_avx512_bf16_supported()
