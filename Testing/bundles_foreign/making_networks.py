"""Networks pickled the way NVIDIA's programs do: by their own modules `torch_utils.persistence` and `dnnlib.util`.

Every network carries the program text of the module it comes from; those programs execute it when they read the file.
Here stand-ins of both modules are put among Python's modules while a file is written, so that the pickle names them.
"""

import io
import pickle
import sys
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch


class EasyDict(dict):
    """A dictionary whose entries are attributes too."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def _reconstruct_persistent_obj(meta: Mapping[str, Any]) -> None:
    raise AssertionError("a network was rebuilt by the module its file names")


_reconstruct_persistent_obj.__module__ = "torch_utils.persistence"
EasyDict.__module__ = "dnnlib.util"


@contextmanager
def nvidia_modules() -> Iterator[None]:
    """`torch_utils.persistence` and `dnnlib.util`, for as long as a file is written."""
    persistence, util = types.ModuleType("torch_utils.persistence"), types.ModuleType("dnnlib.util")
    persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj
    util.EasyDict = EasyDict
    made = {
        "torch_utils": types.ModuleType("torch_utils"),
        "torch_utils.persistence": persistence,
        "dnnlib": types.ModuleType("dnnlib"),
        "dnnlib.util": util,
    }
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield
    finally:
        for name, module in before.items():
            sys.modules.pop(name)
            if module is not None:
                sys.modules[name] = module


class PersistentModule(torch.nn.Module):
    """A network that pickles as NVIDIA's do."""

    def __init__(self, class_name: str, program: str, **attributes: Any) -> None:
        super().__init__()
        self.class_name = class_name
        self.program = program
        self._init_args = ()
        self._init_kwargs = EasyDict(attributes)
        for name, value in attributes.items():
            setattr(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        state = dict(self.__dict__)
        meta = {
            "type": "class",
            "version": 6,
            "module_src": state.pop("program"),
            "class_name": state.pop("class_name"),
            "state": state,
        }
        return _reconstruct_persistent_obj, (meta,), None


def network(
    tensors: Mapping[str, torch.Tensor], *, buffers: tuple[str, ...] = (), program: str = "", bias_gain: float = 0.01
) -> PersistentModule:
    """A tree of modules that holds the tensors under their names.

    Args:
        tensors: Name -> tensor; the dots part the modules.
        buffers: Last parts of names that are buffers, not parameters.
        program: The program text that every module carries.
        bias_gain: Attribute of the modules whose name begins by 'fc'.
    """
    root = PersistentModule("Generator", program, z_dim=12, img_resolution=64)
    for name, tensor in tensors.items():
        *way, last = name.split(".")
        module = root
        for part in way:
            if part not in module._modules:
                attributes = {"bias_gain": bias_gain, "activation": "lrelu"} if part.startswith("fc") else {}
                module.add_module(part, PersistentModule(f"{part.capitalize()}Layer", program, **attributes))
            module = module._modules[part]
        if last in buffers:
            module.register_buffer(last, tensor.clone())
        else:
            module.register_parameter(last, torch.nn.Parameter(tensor.clone()))
    return root


def pickled(generator: PersistentModule, *, discriminator: PersistentModule | None = None, protocol: int = 4) -> bytes:
    """The bytes of an official .pkl."""
    content = {
        "G": None,
        "D": discriminator,
        "G_ema": generator.eval().requires_grad_(False),
        "augment_pipe": None,
        "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", path="faces.zip"),
    }
    stream = io.BytesIO()
    with nvidia_modules():
        pickle.dump(content, stream, protocol=protocol)
    return stream.getvalue()
