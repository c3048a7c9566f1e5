"""Where searches stand between two steps, and how it is kept on disk."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from prognosis.files import write_bytes

_KEY = "key"
_LISTS = ("moving", "first", "second", "best")
_SINGLE = ("active", "best_loss", "reference", "since", "taken", "curve")


@dataclass(frozen=True)
class SearchState:
    """Searches after some steps. A row is one search; `k` of all `rows` still move.

    Args:
        step: Steps done.
        active: (k,) which rows still move.
        moving: (k, ...) their latents; then their noise maps where those are fitted.
        first: Adam's means of gradients, alike.
        second: Adam's means of squared gradients, alike.
        best: (rows, ...) latents and maps of the lowest loss without noise.
        best_loss: (rows,) that loss; infinite where none was seen.
        reference: (rows,) the last loss that counted as progress.
        since: (rows,) the step of it.
        taken: (rows,) steps done.
        curve: (rows, steps) losses; nan where there was no step.
    """

    step: int
    active: Tensor
    moving: tuple[Tensor, ...]
    first: tuple[Tensor, ...]
    second: tuple[Tensor, ...]
    best: tuple[Tensor, ...]
    best_loss: Tensor
    reference: Tensor
    since: Tensor
    taken: Tensor
    curve: Tensor

    @staticmethod
    def begin(moving: tuple[Tensor, ...], steps: int) -> "SearchState":
        """Before the first step.

        Args:
            moving: (rows, ...) latents, then noise maps.
            steps: Of the whole search.
        """
        rows = len(moving[0])
        zeros = tuple(torch.zeros_like(values) for values in moving)
        infinite = torch.full((rows,), torch.inf, device=moving[0].device)
        none = torch.zeros(rows, dtype=torch.long, device=moving[0].device)
        return SearchState(
            step=0,
            active=torch.arange(rows, device=moving[0].device),
            moving=moving,
            first=zeros,
            second=zeros,
            best=moving,
            best_loss=infinite,
            reference=infinite,
            since=none,
            taken=none,
            curve=torch.full((rows, steps), torch.nan, device=moving[0].device),
        )


def save_state(file: Path, key: str, state: SearchState) -> None:
    """Write a state whole, under a key that identifies photos, model and options."""
    tensors = {name: getattr(state, name) for name in _SINGLE}
    for name in _LISTS:
        tensors |= {f"{name}.{place}": values for place, values in enumerate(getattr(state, name))}
    tensors["step"] = torch.tensor(state.step)
    plain = {name: values.detach().cpu().contiguous().clone() for name, values in tensors.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(file, save(plain, metadata={_KEY: key}))


def load_state(file: Path, key: str, like: SearchState) -> SearchState | None:
    """Read the state of a key; None where there is none that can be read, for it can be made again.

    Args:
        like: The state such searches begin with: what is read must fit it.
    """
    try:
        with safe_open(file, framework="pt") as stored:
            if (stored.metadata() or {}).get(_KEY) != key:
                return None
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118  # no mapping
        return _state_of(tensors, like)
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def fingerprint(*parts: object) -> str:
    """A hash of tensors and plain values, such as identify a search."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Tensor):
            digest.update(str((part.dtype, tuple(part.shape))).encode())
            digest.update(part.detach().cpu().contiguous().numpy().tobytes())
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _state_of(tensors: dict[str, Tensor], like: SearchState) -> SearchState:
    def fitting(name: str, shape: torch.Size, values: Tensor) -> Tensor:
        found = tensors[name]
        if found.shape != shape or found.dtype != values.dtype:
            raise ValueError(f"'{name}' does not fit")
        return found.to(values.device)

    def moving(name: str) -> tuple[Tensor, ...]:
        listed = enumerate(like.moving)
        return tuple(fitting(f"{name}.{place}", active.shape + one.shape[1:], one) for place, one in listed)

    def same(name: str, values: Tensor) -> Tensor:
        return fitting(name, values.shape, values)

    active = fitting("active", tensors["active"].shape, like.active)
    return SearchState(
        step=int(tensors["step"]),
        active=active,
        moving=moving("moving"),
        first=moving("first"),
        second=moving("second"),
        best=tuple(same(f"best.{place}", values) for place, values in enumerate(like.best)),
        best_loss=same("best_loss", like.best_loss),
        reference=same("reference", like.reference),
        since=same("since", like.since),
        taken=same("taken", like.taken),
        curve=same("curve", like.curve),
    )
