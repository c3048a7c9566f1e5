"""Several processes that train one network together, as torchrun starts them."""

import gc
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

from prognosis.errors import UsageError
from prognosis.files import only_one_run
from prognosis.training.shared_norm import share_batch_norms

_SET_BY_TORCHRUN = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
_PATIENCE = timedelta(days=1)  # the others wait while the first reads a cohort

Item = TypeVar("Item")


@dataclass(frozen=True)
class Team:
    """The processes of a training and this one's place among them; a process alone is a team of one.

    Args:
        rank: This process, 0 to size - 1.
        size: How many there are.
    """

    rank: int = 0
    size: int = 1

    @property
    def leads(self) -> bool:
        """Whether this process is the one that reads, writes and speaks."""
        return self.rank == 0

    @property
    def spans_machines(self) -> bool:
        """Whether some of the processes run on another machine."""
        return int(os.environ.get("LOCAL_WORLD_SIZE", self.size)) < self.size

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """This process's part of what is dealt out to all."""
        return items[self.rank :: self.size]

    def summed(self, tensor: Tensor) -> Tensor:
        """The sum of a tensor over all processes, the same in each."""
        if self.size > 1:
            tensor = tensor.clone()
            distributed.all_reduce(tensor)
        return tensor

    def wait(self) -> None:
        """Go on when all have come this far."""
        if self.size > 1:
            distributed.barrier()

    def align(self, network: nn.Module) -> None:
        """Give every process the leader's parameters and buffers."""
        if self.size > 1:
            for tensor in network.state_dict().values():
                distributed.broadcast(tensor, 0)

    def average_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Give every process the mean of all processes' gradients, where steps cannot go through `parallel`.

        All processes must have gradients of the same parameters.
        """
        if self.size == 1:
            return
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        together = self.summed(torch.cat([gradient.flatten() for gradient in gradients])) / self.size
        for gradient, mean in zip(gradients, together.split([part.numel() for part in gradients]), strict=True):
            gradient.copy_(mean.view_as(gradient))

    def parallel(self, network: nn.Module) -> nn.Module:
        """The network with gradients averaged over all processes; it shares its weights.

        The network's batch normalisations are exchanged for such that look at all processes' parts of a step.
        """
        if self.size == 1:
            return network
        share_batch_norms(network)
        return DistributedDataParallel(network)


ALONE = Team()


@contextmanager
def held(folder: Path, team: Team) -> Iterator[None]:
    """Hold the folder of a training's state, the first process for all.

    Raises:
        UsageError: Another run holds it.
    """
    if not team.leads:
        yield
        return
    with only_one_run(folder):
        yield


@contextmanager
def joined(device: torch.device) -> Iterator[Team]:
    """Join the processes torchrun has started; without torchrun this one is alone.

    Each process takes the CUDA device of its local rank, where `device` is CUDA without a number.

    Raises:
        UsageError: WORLD_SIZE says there are several processes, but not how to reach them.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        yield ALONE
        return
    missing = [name for name in _SET_BY_TORCHRUN if name not in os.environ]
    if missing:
        raise UsageError(
            f"WORLD_SIZE is set, but not {', '.join(missing)}.",
            remedy="Start several processes with torchrun, or unset WORLD_SIZE.",
        )
    if str(device) == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=_PATIENCE)
    try:
        yield Team(distributed.get_rank(), distributed.get_world_size())
    finally:
        # A network that is left over in a cycle would keep the group's threads alive into the end of Python, which ends
        # in an abort one time in five.
        gc.collect()
        distributed.destroy_process_group()
