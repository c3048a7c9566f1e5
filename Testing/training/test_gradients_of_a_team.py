"""Gradients of several processes become their mean."""

import os
import subprocess
import sys

import torch
from torch import nn

from prognosis.training.team import ALONE

EACH = """
import json, sys, torch
from torch import nn
from prognosis.training.team import joined
with joined(torch.device("cpu")) as team:
    network = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 1)])
    for parameter in network[0].parameters():
        parameter.grad = torch.full_like(parameter, team.rank + 1.0)
    network[0].bias.grad[1] = 10.0 * team.rank
    team.average_gradients(network.parameters())
    left = [None if parameter.grad is None else parameter.grad.tolist() for parameter in network.parameters()]
    open(f"{sys.argv[1]}/{team.rank}.json", "w").write(json.dumps(left))
"""


def test_each_process_gets_the_mean_and_what_has_no_gradient_gets_none(tmp_path):
    script = tmp_path / "each.py"
    script.write_text(EACH, encoding="utf-8")
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv-backend", "c10d"]
    done = subprocess.run(
        [*launcher, "--rdzv-endpoint", "127.0.0.1:0", str(script), str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written = [(tmp_path / f"{rank}.json").read_text(encoding="utf-8") for rank in (0, 1)]
    assert written == ["[[[1.5, 1.5], [1.5, 1.5]], [1.5, 5.0], null, null]"] * 2


def test_a_process_alone_keeps_its_gradients():
    network = nn.Linear(2, 1)
    network.weight.grad = torch.tensor([[1.0, 2.0]])
    ALONE.average_gradients(network.parameters())
    assert network.weight.grad.tolist() == [[1.0, 2.0]]
    assert network.bias.grad is None
