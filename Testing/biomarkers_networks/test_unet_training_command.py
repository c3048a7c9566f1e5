import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from training_command import run

from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks import training
from prognosis.biomarkers.networks.unet_bundle import load_unet
from prognosis.bundles.bundle import open_bundle
from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

LATTICE = Geometry((40, 40, 30), (3.0, 3.0, 3.0), (0.0, 0.0, 0.0))


def write_cohort(folder, patients=4, *, phantom=None):
    """PETs with one hot block each, and a configuration of a small network."""
    lines = ["patient_id,pet,tumour"]
    for number in range(patients):
        start, size = (14, 15, 12), (9 + number, 8, 6)
        pet = np.random.default_rng(number).uniform(0.5, 2.0, LATTICE.shape).astype(np.float32)
        pet[12:18, 15:23, 14 : 23 + number] = 9.0
        write_volume(Volume(pet, LATTICE, "PT", phantom=phantom), folder / f"pet{number}.nrrd")
        tumour = LesionMask(1, "Tumor", np.ones(size[::-1], bool), LATTICE.crop(start, size))
        write_seg_nrrd([tumour], LATTICE, folder / f"tumour{number}.seg.nrrd")
        lines.append(f"p{number},pet{number}.nrrd,tumour{number}.seg.nrrd")
    (folder / "cohort.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "small.toml").write_text('channels = [2, 2, 4, 4, 512]\ndevice = "cpu"\n', encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return write_cohort(tmp_path_factory.mktemp("cohort"))


def arguments(cohort, output, *more):
    table, config = cohort / "cohort.csv", cohort / "small.toml"
    return ["train", table, "--modality", "pet", "--output", output, "--config", config, *more]


def test_a_cohort_without_outcomes_becomes_a_bundle(cohort, tmp_path, capsys):
    output = tmp_path / "my-unet"
    assert run(arguments(cohort, output, "--epochs", 2, "--folds", 2, "--seed", 3, "--json")) == 0
    bundle = open_bundle(output)
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == bundle.sha256
    segmenter = load_unet(bundle)
    assert segmenter.modality is Modality.PET
    assert segmenter.network.options.channels == (2, 2, 4, 4, 512)
    assert 0 < segmenter.normalisation.mean < 255
    manifest = bundle.manifest
    assert (manifest.name, manifest.demonstration) == ("my-unet", False)
    assert (manifest.training.patients, manifest.training.epochs, manifest.training.seed) == (4, 2, 3)
    assert manifest.metrics["dice"].n == 4
    assert manifest.training_ranges["slice_thickness_mm"] == (3.0, 3.0)
    assert not (tmp_path / "my-unet.training").exists()
    with Image.open(told["examples"]) as picture:
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    assert (0x56, 0xB4, 0xE9) in colours


def test_simulated_patients_make_a_demonstration(tmp_path):
    folder = write_cohort(tmp_path, patients=2, phantom="petct")
    assert run(arguments(folder, tmp_path / "demo", "--epochs", 1, "--folds", 0, "--half")) == 0
    manifest = open_bundle(tmp_path / "demo").manifest
    assert manifest.demonstration
    assert manifest.metrics == {}
    assert not (tmp_path / "demo.examples.png").exists()


def test_an_interrupted_command_goes_on_and_does_not_read_images_again(cohort, tmp_path, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    options = ("--epochs", 3, "--folds", 0, "--name", "same")
    assert run(arguments(cohort, whole, *options)) == 0

    fit = training.fit_unet

    def interrupting(*given, progress, **more):
        def stop(step, done, total):
            if done == 2:
                raise KeyboardInterrupt

        return fit(*given, progress=stop, **more)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training, "fit_unet", interrupting)
        run(arguments(cohort, broken, *options))
    assert not broken.exists()
    monkeypatch.setattr("prognosis.biomarkers.networks.training_data.cut_region", None)
    assert run(arguments(cohort, broken, *options)) == 0
    weights = [(folder / "network.safetensors").read_bytes() for folder in (whole, broken)]
    assert weights[0] == weights[1]


def test_flags_win_over_the_scale_and_the_scale_over_the_file(cohort, tmp_path, monkeypatch):
    asked = []

    def stop(data, options, **more):
        asked.append(options)
        raise InputError("far enough")

    monkeypatch.setattr(training, "train_unet", stop)
    for more in (("--scale", "paper"), ("--scale", "paper", "--architecture", "compact", "--epochs", 7), ()):
        with pytest.raises(InputError, match="far enough"):
            run(arguments(cohort, tmp_path / "m", *more))
    assert [(each.architecture.value, each.epochs) for each in asked] == [
        ("paper", 100),
        ("compact", 7),
        ("compact", 30),
    ]
    assert {each.channels for each in asked} == {(2, 2, 4, 4, 512)}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--name", "no/name"), "cannot be a model's name"),
        (("--licence", " "), "card needs words"),
        (("--folds", "1"), "folds must be 2 or more"),
        (("--architecture", "huge"), "Cannot use 'huge'.*Choose from: paper, compact"),
        (("--device", "abacus"), "Device 'abacus' cannot be used"),
        (("--min-volume-mm3", "5"), "Add --split-components"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_wrong_use_is_refused_before_anything_is_read(tmp_path, more, words):
    with pytest.raises(UsageError, match=words):
        run(["train", tmp_path / "absent.csv", "--modality", "ct", "--output", tmp_path / "m", *more])
    assert not list(tmp_path.iterdir())


def test_a_bundle_that_is_there_is_not_replaced_unasked(cohort, tmp_path):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mine.txt").write_text("keep", encoding="utf-8")
    for more in ((), ("--overwrite",)):
        with pytest.raises(UsageError, match="already exists|is not replaced"):
            run(arguments(cohort, tmp_path / "m", *more))
    assert (tmp_path / "m" / "mine.txt").read_text(encoding="utf-8") == "keep"


def test_two_processes_started_by_torchrun_train_what_one_does(cohort, tmp_path):
    """Batch normalisation looks at both processes' regions, so only rounding differs."""
    options = ("--epochs", 2, "--folds", 2, "--batch", 2, "--norm", "batch", "--name", "same")
    assert run(arguments(cohort, tmp_path / "one", *options)) == 0
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv-backend", "c10d"]
    command = [*launcher, "--rdzv-endpoint", "127.0.0.1:0", "-m", "prognosis", "biomarkers"]
    done = subprocess.run(
        [*command, *map(str, arguments(cohort, tmp_path / "two", *options, "--json"))],
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    one, two = (open_bundle(tmp_path / name) for name in ("one", "two"))
    assert json.loads(done.stdout)["sha256"] == two.sha256
    assert not (tmp_path / "two.training").exists()
    first, second = (load_unet(bundle).network.state_dict() for bundle in (one, two))
    for name, value in first.items():
        torch.testing.assert_close(second[name], value, rtol=0.02, atol=5e-3, msg=name)
    assert two.manifest.metrics.keys() == one.manifest.metrics.keys()
    described = [dict(bundle.manifest.training.details) for bundle in (one, two)]
    losses = [details.pop("loss_of_last_epoch") for details in described]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)
    assert described[0] == described[1]
