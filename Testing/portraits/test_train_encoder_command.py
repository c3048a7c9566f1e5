import argparse
import json
from dataclasses import replace

import pytest
import torch
from encoder_making import described, written

from prognosis.bundles.bundle import open_bundle
from prognosis.bundles.manifest import Architecture, ArchitectureKind
from prognosis.bundles.writing import write_bundle
from prognosis.cli import portraits_train_encoder
from prognosis.cli.console import Console
from prognosis.errors import ModelError, UsageError
from prognosis.portraits.encoding import fitting
from prognosis.portraits.encoding.encoder_bundle import load_encoder
from prognosis.portraits.vgg16 import WEIGHTS_FILE, Vgg16Features


def run(*arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", choices=("auto", "json"), default="auto")
    parser = argparse.ArgumentParser()
    portraits_train_encoder.add_to(parser.add_subparsers(required=True), common)
    parsed = parser.parse_args([str(argument) for argument in arguments])
    with Console.of(parsed) as console:
        return parsed.run(parsed, console)


def train(folder, output, *more, model="faces"):
    (folder / "quick.toml").write_text(
        'batch = 4\nfeature_images = 2\nheld_out = 8\nfeature_share = 0.5\ndevice = "cpu"\n', encoding="utf-8"
    )
    return run("train-encoder", folder / model, "--output", output, "--config", folder / "quick.toml", *more)


@pytest.fixture
def faces(tmp_path):
    written(tmp_path / "faces")
    return tmp_path


def test_a_generator_gets_an_encoder(faces, capsys):
    assert train(faces, faces / "guessing", "--steps", 4, "--seed", 3, "--half", "--json") == 0
    bundle = open_bundle(faces / "guessing")
    told = json.loads(capsys.readouterr().out)
    assert told["sha256"] == bundle.sha256
    assert told["metrics"]["encoder_w_r2"] == bundle.manifest.metrics["encoder_w_r2"].estimate
    assert bundle.manifest.name == "guessing"
    assert bundle.manifest.demonstration
    assert load_encoder(bundle).options.channels == (32, 48, 64, 96)
    record = json.loads(bundle.read("encoder.json"))
    assert (record["training"]["steps"], record["training"]["seed"]) == (4, 3)
    assert record["features"]["name"] == "discriminator of small-faces"
    assert not (faces / "guessing.training").exists()


def test_a_training_under_way_is_not_lost_to_another_one(faces, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fitting, "_set_rate", stopping_at(0.5))
        train(faces, faces / "guessing", "--steps", 4)
    with pytest.raises(UsageError, match="begun with other data"):
        train(faces, faces / "guessing", "--steps", 2)
    assert train(faces, faces / "guessing", "--steps", 2, "--overwrite") == 0


def stopping_at(share):
    def stop(optimizer, highest, done):
        if done >= share:
            raise KeyboardInterrupt

    return stop


def test_small_batches_need_no_file_of_options(faces):
    flags = ("--batch", 4, "--feature-images", 2, "--steps", 2)
    (faces / "held.toml").write_text("held_out = 8\n", encoding="utf-8")
    more = ("--output", faces / "guessing", "--config", faces / "held.toml", "--device", "cpu")
    assert run("train-encoder", faces / "faces", *more, *flags) == 0


def test_a_generator_without_a_discriminator_is_told_of(tmp_path, capsys):
    written(tmp_path / "faces", discriminator=False)
    assert train(tmp_path, tmp_path / "guessing", "--steps", 2, "--json") == 0
    assert any("latents alone" in words for words in json.loads(capsys.readouterr().out)["warnings"])


def test_faces_are_compared_by_the_network_that_is_named(faces):
    torch.manual_seed(0)
    architecture = Architecture(ArchitectureKind.FEATURES_VGG16, {})
    vgg16 = replace(described(), name="eyes", architecture=architecture, metrics={})
    write_bundle(faces / "vgg", vgg16, {WEIGHTS_FILE: Vgg16Features().state_dict()}, half=True)
    assert train(faces, faces / "guessing", "--steps", 1, "--features", faces / "vgg") == 0
    assert json.loads(open_bundle(faces / "guessing").read("encoder.json"))["features"] == {
        "name": "eyes",
        "validated": False,
    }


def test_an_interrupted_command_goes_on(faces, monkeypatch):
    options = ("--steps", 4, "--name", "same")
    assert train(faces, faces / "whole", *options) == 0
    seen = []

    def interrupting(*arguments):
        seen.append(1)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return fitting_loss(*arguments)

    fitting_loss = fitting.latent_loss
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(fitting, "latent_loss", interrupting)
        train(faces, faces / "broken", *options)
    assert not (faces / "broken").exists()

    def counting(*arguments):
        seen.append(1)
        return fitting_loss(*arguments)

    seen.clear()
    monkeypatch.setattr(fitting, "latent_loss", counting)
    assert train(faces, faces / "broken", *options) == 0
    assert len(seen) == 2
    whole, resumed = (open_bundle(faces / name).tensors("encoder.safetensors") for name in ("whole", "broken"))
    assert all(torch.equal(whole[name], tensor) for name, tensor in resumed.items())


def test_the_generators_own_folder_is_replaced_only_where_asked(faces):
    with pytest.raises(UsageError, match="already exists"):
        train(faces, faces / "faces", "--steps", 1)
    assert train(faces, faces / "faces", "--steps", 1, "--overwrite", "--name", "small-faces") == 0
    assert load_encoder(open_bundle(faces / "faces")) is not None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--name", "../x"), "cannot be a model's name"),
        (("--steps", 0), "steps, batch and views must be"),
        (("--device", "abacus"), "cannot be used here"),
        (("--feature-share", 2), "feature_share from 0 to 1"),
    ],
    ids=["name", "steps", "device", "share"],
)
def test_wrong_use_is_said_before_any_work(faces, more, words):
    with pytest.raises(UsageError, match=words):
        train(faces, faces / "guessing", *more)
    assert not (faces / "guessing.training").exists()


@pytest.mark.parametrize("given", ["model", "features"])
def test_a_model_of_another_kind_is_refused(faces, given):
    other = described(architecture=Architecture(ArchitectureKind.FEATURES_VGG16, {}), name="eyes")
    write_bundle(faces / "vgg", other, {WEIGHTS_FILE: {"weight": torch.zeros(2)}})
    with pytest.raises(ModelError, match=r"is needed here|is a model of kind"):
        if given == "model":
            train(faces, faces / "guessing", model="vgg")
        else:
            train(faces, faces / "guessing", "--features", faces / "faces")


def test_another_run_into_the_same_folder_is_refused(faces):
    from prognosis.files import only_one_run

    with only_one_run(faces / "guessing.training"), pytest.raises(UsageError, match="Another run is working"):
        train(faces, faces / "guessing", "--steps", 1)
