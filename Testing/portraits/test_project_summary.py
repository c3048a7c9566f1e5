"""What the summary of projected photos says its distances were measured by."""

import csv

import pytest
import torch
from encoder_making import SIZE, small_generator, written
from PIL import Image
from test_project_command import run

from prognosis.portraits.comparing.grids import pixels_of


@pytest.fixture(scope="module")
def summary(tmp_path_factory):
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("projected")
    model = written(folder / "small-faces").folder
    with torch.no_grad():
        [pixels] = pixels_of(small_generator()(torch.randn(1, SIZE.z_dim)))
    Image.fromarray(pixels).save(folder / "face.png")
    run(folder / "face.png", "--model", model, "--output", folder / "latents", "--aligned", "--steps", 1)
    return folder / "latents"


def test_beside_every_number_stands_by_which_network_and_that_it_is_not_validated(summary):
    told = (
        "small-faces 3; faces compared by discriminator of small-faces, not a validated measure; persons compared by "
        "discriminator of small-faces, not a validated identity measure"
    )
    with (summary / "summary.csv").open(newline="", encoding="utf-8") as stream:
        [row] = csv.DictReader(stream)
    assert told in row["model"]
    assert told in (summary / "summary.html").read_text(encoding="utf-8")
