"""Keeping the state of a training loop, so that it goes on where it was however it ended."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import torch
from torch import Tensor, nn

from prognosis.errors import CancelledError, UsageError
from prognosis.training.checkpoint import holds_another, load_checkpoint, save_checkpoint
from prognosis.training.team import ALONE, Team

_SECONDS_BETWEEN = 300.0


class Resumable:
    """A training loop's module and optimizer, with the number of whole steps they have behind them.

    The loop draws everything random from the number of its step: then an interrupted and resumed training is, on one
    processor, bit for bit the uninterrupted one::

        with Resumable(module, optimizer, total=100, key=key, folder=folder) as state:
            while state.done < state.total:
                ...  # gradients of step `state.done`
                with state.step():
                    optimizer.step()

    Args:
        module: Parameters and buffers to keep; buffers that change while a gradient is computed, as those of batch
            normalisation do, are kept as they were after the last whole step.
        optimizer: State to keep.
        total: Steps of the whole training.
        key: Identifies data and options; another key's checkpoint is never resumed.
        folder: Where to keep it; None keeps nothing.
        team: The first of its processes writes; all read.
        seconds_between: Least time between checkpoints; one is written at the end and on interruption as well.
        replaces: Whether another key's checkpoint may be lost.

    Raises:
        UsageError: There is another key's checkpoint, which may not be lost.
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        *,
        total: int,
        key: str,
        folder: Path | None,
        team: Team = ALONE,
        seconds_between: float = _SECONDS_BETWEEN,
        replaces: bool = True,
    ) -> None:
        if folder is not None and not replaces and holds_another(folder, key):
            raise UsageError(
                f"{folder} holds a training that was begun with other data, another start or other options.",
                remedy="Give what was given then, and it goes on (options.json there tells its options); or choose "
                "another --output, or add --overwrite to lose it and begin anew.",
            )
        self.total = total
        self._module = module
        self._optimizer = optimizer
        self._key = key
        self._folder = folder
        self._writes = folder is not None and team.leads
        self._seconds_between = seconds_between
        self._whole = True
        self.done = load_checkpoint(folder, key, module, optimizer) if folder is not None else 0
        self._saved = self.done
        self._saved_at = time.monotonic()
        self._buffers: dict[str, Tensor] = {}
        self._remember_buffers()
        team.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt | CancelledError) and self._whole:
            self._put_back_buffers()
            self._save()

    @contextmanager
    def step(self) -> Iterator[None]:
        """Change module and optimizer; a change that is interrupted is never kept."""
        self._whole = False
        yield
        self._remember_buffers()
        self.done += 1
        self._whole = True
        if self.done == self.total or time.monotonic() - self._saved_at >= self._seconds_between:
            self._save()

    def _remember_buffers(self) -> None:
        if self._writes:
            self._buffers = {name: buffer.detach().clone() for name, buffer in self._module.named_buffers()}

    def _put_back_buffers(self) -> None:
        if self._writes:
            for name, buffer in self._module.named_buffers():
                buffer.copy_(self._buffers[name])

    def _save(self) -> None:
        if self._folder is None or not self._writes or self._saved == self.done:
            return
        save_checkpoint(self._folder, self._key, self.done, self._module, self._optimizer)
        self._saved, self._saved_at = self.done, time.monotonic()
