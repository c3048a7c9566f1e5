import gc
import time
import weakref

import pytest
import torch
from torch import nn

from prognosis.errors import CancelledError, UsageError
from prognosis.training.resuming import Resumable
from prognosis.training.team import ALONE, Team, joined

STEPS = 9


class PowerLossError(Exception):
    """Nothing is tidied up after it."""


def train(folder, *, break_at=None, error=KeyboardInterrupt, inside=False, key="key", **options):
    """Descend along gradients drawn from the step's number; `inside` breaks it in the middle of a change."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.1)
    taken = []
    with Resumable(module, optimizer, total=STEPS, key=key, folder=folder, **options) as state:
        while state.done < state.total:
            generator = torch.Generator().manual_seed(state.done)
            optimizer.zero_grad()
            module(torch.randn(4, 3, generator=generator)).pow(3).mean().backward()
            if state.done == break_at and not inside:
                raise error
            with state.step():
                optimizer.step()
                if state.done == break_at:
                    raise error
            taken.append(state.done)
    return torch.cat([value.double().flatten() for value in module.state_dict().values()]), taken


@pytest.mark.parametrize("error", [KeyboardInterrupt, CancelledError("stop")], ids=["Ctrl+C", "cancelled"])
def test_an_interrupted_loop_goes_on_bit_for_bit(tmp_path, error):
    whole, _ = train(None)
    with pytest.raises((KeyboardInterrupt, CancelledError)):
        train(tmp_path, break_at=4, error=error)
    resumed, taken = train(tmp_path)
    assert taken == [5, 6, 7, 8, 9]
    assert torch.equal(resumed, whole)


def test_a_change_that_was_interrupted_half_done_is_not_kept(tmp_path):
    whole, _ = train(None)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path, break_at=4, inside=True, seconds_between=0.0)
    resumed, taken = train(tmp_path)
    assert taken == [5, 6, 7, 8, 9]
    assert torch.equal(resumed, whole)


def test_a_crash_loses_no_more_than_what_came_after_the_last_checkpoint(tmp_path, monkeypatch):
    minutes = iter(range(100))
    monkeypatch.setattr(time, "monotonic", lambda: 60.0 * next(minutes))
    whole, _ = train(None)
    with pytest.raises(PowerLossError):
        train(tmp_path, break_at=7, error=PowerLossError, seconds_between=150.0)
    resumed, taken = train(tmp_path, seconds_between=150.0)
    assert 1 < len(taken) < STEPS
    assert torch.equal(resumed, whole)


def test_a_finished_training_is_not_done_again(tmp_path):
    whole, _ = train(tmp_path)
    again, taken = train(tmp_path)
    assert not taken
    assert torch.equal(again, whole)


def test_another_trainings_state_is_not_resumed(tmp_path):
    train(tmp_path)
    assert len(train(tmp_path, key="another")[1]) == STEPS


def test_only_the_leader_writes(tmp_path):
    class Beside(Team):
        def wait(self):
            pass

    train(tmp_path / "state", team=Beside(rank=1, size=2))
    assert not (tmp_path / "state").exists()


def test_work_is_dealt_out_without_rest():
    parts = [Team(rank, 3).share(list(range(8))) for rank in range(3)]
    assert sorted(item for part in parts for item in part) == list(range(8))
    assert [Team(rank, 3).leads for rank in range(3)] == [True, False, False]


def test_without_torchrun_a_process_is_alone(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined(torch.device("cpu")) as team:
        assert team is ALONE
        team.wait()
        network = nn.Linear(1, 1)
        assert team.parallel(network) is network


def test_networks_of_a_team_are_gone_before_its_processes_part(monkeypatch):
    class Parallel:
        def __init__(self):
            self.hook = self.__init__  # DistributedDataParallel lies in such cycles

    seen = []
    for name, value in {
        "WORLD_SIZE": "2",
        "RANK": "1",
        "LOCAL_RANK": "1",
        "MASTER_ADDR": "",
        "MASTER_PORT": "",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("torch.distributed.init_process_group", lambda *_, **__: None)
    monkeypatch.setattr("torch.distributed.get_rank", lambda: 1)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    monkeypatch.setattr("torch.distributed.destroy_process_group", lambda: seen.append(left()))
    gc.disable()
    try:
        with joined(torch.device("cpu")) as team:
            left = weakref.ref(Parallel())
            assert left() is not None
            assert (team.rank, team.size) == (1, 2)
    finally:
        gc.enable()
    assert seen == [None]


def test_processes_that_cannot_find_each_other_are_refused(monkeypatch):
    for name in ("RANK", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with (
        pytest.raises(UsageError, match="not RANK, LOCAL_RANK, MASTER_ADDR, MASTER_PORT.*torchrun"),
        joined(torch.device("cpu")),
    ):
        pass
