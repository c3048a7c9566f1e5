"""Tensors as safetensors bytes, and into a network. PyTorch is imported only where it is used."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from prognosis.errors import ModelError

if TYPE_CHECKING:
    import torch

_LISTED = 8
_NUMBER_KINDS = {
    "torch.bool",
    "torch.uint8",
    "torch.int8",
    "torch.int16",
    "torch.int32",
    "torch.int64",
    "torch.float16",
    "torch.bfloat16",
    "torch.float32",
    "torch.float64",
}


def tensor_bytes(tensors: Mapping[str, "torch.Tensor"], *, half: bool, what: str) -> bytes:
    """Return tensors as safetensors bytes.

    Args:
        half: Store floating numbers in 16 bits; they are read back in 32.
        what: The file, for messages.

    Raises:
        ModelError: A number is complex, not finite, too large for half precision, or a decimal one of 8 bits.
    """
    import safetensors.torch
    import torch

    stored = {}
    for name, tensor in tensors.items():
        kept = tensor.detach().to("cpu", copy=True, memory_format=torch.contiguous_format)
        if half and kept.is_floating_point():
            kept = kept.to(torch.float16)
        stored[name] = kept
    _require_plain_numbers(stored, what)
    content: bytes = safetensors.torch.save(stored)
    return content


def tensors_from(raw: bytes, *, what: str) -> dict[str, "torch.Tensor"]:
    """Read safetensors bytes; half precision becomes 32 bits.

    Args:
        what: The file, for messages.

    Raises:
        ModelError: The bytes are no safetensors, are cut short, or hold numbers that are not finite, complex, or
            decimal ones of 8 bits.
    """
    import safetensors.torch
    import torch
    from safetensors import SafetensorError

    try:
        stored = safetensors.torch.load(raw)
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise _unreadable(what, str(error)) from error
    tensors = {
        name: tensor.float() if tensor.dtype in (torch.float16, torch.bfloat16) else tensor
        for name, tensor in stored.items()
    }
    _require_plain_numbers(tensors, what)
    return tensors


def load_weights(module: "torch.nn.Module", tensors: Mapping[str, "torch.Tensor"], *, what: str) -> None:
    """Put tensors into a network whose every parameter and buffer they must match in name and shape.

    Args:
        what: The model or file, for messages.

    Raises:
        ModelError: Names are missing, left over, or of another shape; the network is then unchanged.
    """
    wanted = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    differing = [
        f"{name} (network {wanted[name]}, file {given[name]})"
        for name in wanted
        if name in given and wanted[name] != given[name]
    ]
    missing = [f"{name} {shape}" for name, shape in wanted.items() if name not in given]
    unexpected = [f"{name} {shape}" for name, shape in given.items() if name not in wanted]
    problems = [
        f"{word}: {_some(names)}"
        for word, names in (("of another shape", differing), ("missing", missing), ("unexpected", unexpected))
        if names
    ]
    if problems:
        raise ModelError(
            f"{what}: the weights belong to another network. {'; '.join(problems)}.",
            remedy="Use the weights that were saved with this architecture.",
        )
    module.load_state_dict(dict(tensors))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + more


def _require_plain_numbers(tensors: Mapping[str, "torch.Tensor"], what: str) -> None:
    for name, tensor in tensors.items():
        kind = str(tensor.dtype)
        if kind not in _NUMBER_KINDS:
            raise ModelError(
                f"{what}: the tensor '{name}' holds numbers of the kind {kind.removeprefix('torch.')}.",
                remedy="Store it as real numbers of 16 to 64 bits or as whole numbers.",
            )
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise ModelError(
                f"{what}: the tensor '{name}' holds numbers that are not finite.",
                remedy="Train again, or store it in full precision if a number is too large for half.",
            )


def _unreadable(what: str, why: str) -> ModelError:
    return ModelError(f"{what} cannot be read as safetensors: {why}.", remedy="Get the model again from its source.")
