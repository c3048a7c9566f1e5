"""Checkpoints of five programs with random weights, written as those programs write them."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import making_networks
import slow_ada
import slow_genforce
import slow_resnet
import slow_rosinality
import torch

BUFFERS = ("w_avg", "resample_filter", "noise_const")
VGG_CHANNELS = {0: 64, 2: 64, 5: 128, 7: 128, 10: 256, 12: 256, 14: 256}
VGG_CHANNELS |= dict.fromkeys((17, 19, 21, 24, 26, 28), 512)


Tensors = Mapping[str, torch.Tensor]


def _ada(
    path: Path,
    *,
    bias_gain: float = 0.01,
    discriminator: Tensors | None = None,
    group_size: object = 4,
    **changed: torch.Tensor,
) -> dict[str, torch.Tensor]:
    tensors = slow_ada.random_network() | changed
    made = making_networks.network(tensors, buffers=BUFFERS, bias_gain=bias_gain)
    judge = None
    if discriminator is not None:
        judge = making_networks.network(discriminator, buffers=BUFFERS)
        deviation = making_networks.PersistentModule("MinibatchStdLayer", "", group_size=group_size, num_channels=1)
        judge.get_submodule("b4").add_module("mbstd", deviation)
    path.write_bytes(making_networks.pickled(made, discriminator=judge))
    return tensors


def _rosinality(path: Path, *, legacy: bool = False, discriminator: Tensors | None = None) -> dict[str, torch.Tensor]:
    tensors = slow_rosinality.random_network()
    state = {name: tensor for name, tensor in tensors.items() if name != "latent_avg"}
    other = {name: torch.full_like(tensor, torch.nan) for name, tensor in state.items()}
    content = {"g": other, "g_ema": state, "latent_avg": tensors["latent_avg"], "args": argparse.Namespace(size=64)}
    if discriminator is not None:
        content["d"] = dict(discriminator)
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    return tensors


def _genforce(path: Path, *, inside: bool = False, discriminator: Tensors | None = None) -> dict[str, torch.Tensor]:
    tensors = slow_genforce.random_network()
    content: dict[str, Any] = {
        "generator": {},
        "discriminator": dict(discriminator or {}),
        "generator_smooth": tensors,
    }
    torch.save({"models": content} if inside else content, path)
    return tensors


def _vgg16(path: Path) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(8)
    tensors, before = {}, 3
    for index, channels in VGG_CHANNELS.items():
        weight = torch.randn(channels, before, 3, 3, generator=generator) * (2 / (9 * before)) ** 0.5
        tensors[f"features.{index}.weight"] = weight
        tensors[f"features.{index}.bias"] = torch.randn(channels, generator=generator) * 0.1
        before = channels
    tensors["classifier.0.weight"] = torch.ones(2, 3)
    torch.save(tensors, path, _use_new_zipfile_serialization=False)
    return tensors


def _resnet(
    path: Path, *, depth: int = 18, classes: int | None = 1000, counted: bool = True
) -> dict[str, torch.Tensor]:
    tensors = slow_resnet.random_network(depth, classes)
    if not counted:
        tensors = {name: tensor for name, tensor in tensors.items() if not name.endswith("num_batches_tracked")}
    torch.save(tensors, path)
    return tensors


WRITERS: dict[str, Callable[..., dict[str, torch.Tensor]]] = {
    "stylegan2-ada": _ada,
    "rosinality": _rosinality,
    "genforce": _genforce,
    "vgg16": _vgg16,
    "resnet": _resnet,
}
