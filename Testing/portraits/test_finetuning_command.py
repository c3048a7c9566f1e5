"""`prognosis portraits finetune` from photos to a bundle, alone and by two processes, interrupted and refused."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from finetuning_making import SIZE_TOML, assert_same, noise_photos, weights, write_photos
from PIL import Image

from prognosis.bundles.bundle import open_bundle
from prognosis.cli import portraits_finetune, portraits_finetune_inputs
from prognosis.cli.console import Console
from prognosis.cli.main import main
from prognosis.cli.portraits_finetune_inputs import PACKED
from prognosis.errors import InputError, ModelError, UsageError
from prognosis.portraits.finetuning import photo_set, training
from prognosis.portraits.finetuning.training import Start
from prognosis.portraits.generator_bundle import load_discriminator, load_generator
from prognosis.training.team import Team

SECRET = "Weissnicht"


def run(arguments, console=None):
    """The command by itself, whose errors are not turned into exit codes."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", choices=("auto", "json"), default="auto")
    parser = argparse.ArgumentParser()
    portraits_finetune.add_to(parser.add_subparsers(required=True), common)
    parsed = parser.parse_args([str(argument) for argument in arguments])
    with console or Console.of(parsed) as speaking:
        return parsed.run(parsed, speaking)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Ten photos, and files of options and of a network's size."""
    folder = tmp_path_factory.mktemp("inputs")
    write_photos(folder / "photos")
    (folder / "size.toml").write_text(SIZE_TOML, encoding="utf-8")
    (folder / "options.toml").write_text('images = 24\nbatch = 4\nsnapshots = 2\ndevice = "cpu"\n', encoding="utf-8")
    return folder


def arguments(inputs, output, *more):
    size, config = inputs / "size.toml", inputs / "options.toml"
    return ["finetune", inputs / "photos", "--from", size, "--output", output, "--config", config, *more]


def networks_in(folder):
    bundle = open_bundle(folder)
    return weights(Start(load_generator(bundle), load_discriminator(bundle), "read"))


class Stopping(Console):
    """Is interrupted when a step has come so far."""

    def __init__(self, step, done):
        super().__init__(as_json=True)
        self._at = (step, done)

    def progress(self, step, done, total):
        if (step, done) == self._at:
            assert done <= total
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def whole(inputs, tmp_path_factory):
    output = tmp_path_factory.mktemp("whole") / "my-faces"
    assert run(arguments(inputs, output, "--augment", "none")) == 0
    return output


def test_photos_become_a_bundle_with_a_report(inputs, tmp_path, capsys):
    output = tmp_path / "new" / "my-faces"
    more = ("--seed", 3, "--cohort-description", "ten pictures of noise", "--licence", "CC0-1.0", "--half", "--json")
    assert run(arguments(inputs, output, *more)) == 0
    told = json.loads(capsys.readouterr().out)
    bundle = open_bundle(output)
    assert (told["model"], told["sha256"], told["metrics"]) == (str(output), bundle.sha256, {})
    assert told["demonstration"] is False
    assert told["report"] == str(tmp_path / "new" / "my-faces.report.html")
    manifest = bundle.manifest
    assert (manifest.name, manifest.demonstration, manifest.licence) == ("my-faces", False, "CC0-1.0")
    assert (manifest.training.cohort, manifest.training.seed) == ("ten pictures of noise", 3)
    assert manifest.training.details["started_from"] == "new"
    assert manifest.training.details["options"]["images"] == 24
    page = (tmp_path / "new" / "my-faces.report.html").read_text(encoding="utf-8")
    assert "before training" in page
    assert "after 24 photos" in page
    assert load_generator(bundle).options.resolution == 64
    assert sorted(file.name for file in output.parent.iterdir()) == ["my-faces", "my-faces.report.html"]


def test_words_tell_of_consent_and_where_things_are(inputs, tmp_path, capsys):
    assert run(arguments(inputs, tmp_path / "m")) == 0
    out = capsys.readouterr().out
    assert "Use photos only with consent; nothing leaves this machine." in out
    assert f"Model: {tmp_path / 'm'}" in out
    assert f"Report: {tmp_path / 'm.report.html'}" in out


def test_a_demonstration_is_gone_on_from_and_hands_its_mark_down(inputs, tmp_path, capsys, caplog):
    demo, mine = tmp_path / "demo", tmp_path / "mine"
    assert run(arguments(inputs, demo, "--demonstration")) == 0
    config = ("--config", inputs / "options.toml", "--freeze-mapping", "--freeze-discriminator", 1)
    capsys.readouterr()
    assert run(["finetune", inputs / "photos", "--from", demo, "--output", mine, *config, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["demonstration"] is True
    assert "it is marked as a demonstration" in caplog.text
    manifest = open_bundle(mine).manifest
    assert manifest.demonstration
    assert manifest.training.details["started_from"] == "demo"
    before, after = networks_in(demo), networks_in(mine)
    kept = [name for name in before if (before[name] == after[name]).all()]
    assert {"generator.mapping.layers.0.weight", "discriminator.blocks.0.first.weight"} <= set(kept)
    assert not {"generator.synthesis.constant", "discriminator.output.weight"} & set(kept)


@pytest.mark.parametrize(
    ("step", "done"), [("reading photos", 4), ("training the generator", 8), ("training the generator", 24)]
)
def test_an_interrupted_command_leaves_no_photos_and_goes_on(inputs, tmp_path, whole, monkeypatch, step, done):
    monkeypatch.setattr(portraits_finetune_inputs, "_IN_MEMORY_BYTES", 0)
    output = tmp_path / "my-faces"
    command = arguments(inputs, output, "--augment", "none")
    with pytest.raises(KeyboardInterrupt):
        run(command, Stopping(step, done))
    assert not output.exists()
    assert not list(tmp_path.rglob(PACKED))
    assert (tmp_path / "my-faces.training" / "state.json").exists() == (step == "training the generator")
    assert run(command) == 0
    assert_same(networks_in(output), networks_in(whole))
    assert sorted(file.name for file in tmp_path.iterdir()) == ["my-faces", "my-faces.report.html"]


def test_photos_that_memory_does_not_hold_are_read_from_a_file_without_a_name(inputs, tmp_path, whole, monkeypatch):
    packed, seen = [], []
    read = photo_set.read_photo_set

    def watched(*given, **more):
        packed.append(more["packed"])
        return read(*given, **more)

    def watching(photos, *given, **more):
        seen.append((isinstance(photos.pixels, np.memmap), list(tmp_path.rglob(PACKED))))
        return finetune(photos, *given, **more)

    finetune = training.finetune
    monkeypatch.setattr(photo_set, "read_photo_set", watched)
    monkeypatch.setattr(training, "finetune", watching)
    monkeypatch.setattr(portraits_finetune_inputs, "_IN_MEMORY_BYTES", 0)
    assert run(arguments(inputs, tmp_path / "my-faces", "--augment", "none")) == 0
    assert packed == [tmp_path / "my-faces.training" / PACKED]
    assert seen == [(True, [])]
    assert_same(networks_in(tmp_path / "my-faces"), networks_in(whole))


def test_what_a_killed_run_left_of_photos_goes_with_the_next(inputs, tmp_path):
    (tmp_path / "m.training").mkdir()
    (tmp_path / "m.training" / PACKED).write_bytes(b"photos of a run that was killed")
    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, tmp_path / "m"), Stopping("training the generator", 8))
    assert not list(tmp_path.rglob(PACKED))


def test_a_system_that_deletes_no_open_file_ends_a_training_well(inputs, tmp_path, monkeypatch):
    """Windows refuses to delete what is mapped into memory."""
    monkeypatch.setattr(portraits_finetune_inputs, "_IN_MEMORY_BYTES", 1)
    real = Path.unlink

    def unlink(path, missing_ok=False):
        if path.name == PACKED and path.exists():
            raise PermissionError(13, "in use", str(path))
        real(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert run(arguments(inputs, tmp_path / "m")) == 0
    assert not list(tmp_path.rglob(PACKED))


@pytest.mark.parametrize(("local", "stays"), [("2", False), ("1", True)], ids=["one machine", "two machines"])
def test_photos_lose_their_name_while_no_other_machine_needs_it(inputs, tmp_path, monkeypatch, local, stays):
    class Pair(Team):
        def wait(self):
            pass

    monkeypatch.setenv("LOCAL_WORLD_SIZE", local)
    photos = sorted((inputs / "photos").iterdir())
    with portraits_finetune_inputs.read_photos(photos, 64, tmp_path, Console(), Pair(0, 2)):
        assert (tmp_path / PACKED).exists() is stays
    assert not (tmp_path / PACKED).exists()


def test_pictures_of_another_training_do_not_come_into_the_report(inputs, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, tmp_path / "m", "--images", 2000), Stopping("training the generator", 8))
    stale = tmp_path / "m.training" / "grids" / "0000000999.png"
    stale.write_bytes((stale.parent / "0000000000.png").read_bytes())
    assert run(arguments(inputs, tmp_path / "m", "--overwrite")) == 0
    assert "after 999 photos" not in (tmp_path / "m.report.html").read_text(encoding="utf-8")


def test_a_training_under_way_is_not_lost_to_another_one(inputs, tmp_path):
    """Hours of it would be, for a photo that was added or a flag that was left out."""
    output, state = tmp_path / "m", tmp_path / "m.training"
    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, output, "--images", 2000), Stopping("training the generator", 8))
    before = {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()}
    with pytest.raises(UsageError, match="begun with other data") as refused:
        run(arguments(inputs, output))
    assert "--overwrite" in refused.value.remedy
    assert {file.name: file.read_bytes() for file in state.iterdir() if file.is_file()} == before
    assert json.loads(before["options.json"])["images"] == 2000
    (state / "state.json").unlink()
    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, output, "--images", 1600), Stopping("reading photos", 4))
    assert json.loads((state / "options.json").read_text(encoding="utf-8"))["images"] == 1600
    for name, content in before.items():
        (state / name).write_bytes(content)
    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, output, "--images", 2000), Stopping("training the generator", 12))


def test_of_a_folder_of_aligned_faces_the_faces_are_taken_once(inputs, tmp_path, capsys):
    """`portraits align` keeps each face in its case as well, and a contact sheet beside them."""
    aligned = tmp_path / "aligned"
    aligned.mkdir()
    (aligned / "faces.csv").write_text("row,face\n", encoding="utf-8")
    for number, pixels in enumerate(noise_photos(9).pixels, start=1):
        case = aligned / f"case-{number:06d}"
        case.mkdir()
        for file in (aligned / f"face-{number:06d}.png", case / "face-1.png"):
            Image.fromarray(pixels).save(file)
    Image.new("RGB", (128, 128)).save(aligned / "overview.png")
    start = ("--from", inputs / "size.toml", "--output", tmp_path / "m", "--config", inputs / "options.toml")
    assert run(["finetune", aligned, *start, "--json"]) == 0
    assert open_bundle(tmp_path / "m").manifest.training.details["photos_learnt"] == 9
    assert not any("left out" in warning.lower() for warning in json.loads(capsys.readouterr().out)["warnings"])


def test_bad_photos_are_told_without_their_names(inputs, tmp_path, capsys):
    photos = write_photos(tmp_path / "photos")
    (photos / f"{SECRET}.png").write_text("no photo", encoding="utf-8")
    start = ("--from", inputs / "size.toml", "--output", tmp_path / "m", "--config", inputs / "options.toml")
    assert run(["finetune", photos, *start, "--json"]) == 0
    out, err = capsys.readouterr()
    assert any("Photos left out: 1; the first, number 1" in warning for warning in json.loads(out)["warnings"])
    texts = [file.read_bytes() for file in (tmp_path / "m").iterdir()] + [(tmp_path / "m.report.html").read_bytes()]
    assert SECRET not in out + err
    assert not any(SECRET.encode() in text for text in texts)


def test_too_few_photos_are_refused(inputs, tmp_path):
    few = write_photos(tmp_path / "few", count=7)
    with pytest.raises(InputError, match="Only 7 of 7 photos"):
        run(["finetune", few, "--from", inputs / "size.toml", "--output", tmp_path / "m"])


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        (("--batch", 6), UsageError, "batch a multiple of 4"),
        (("--freeze-discriminator", 9), UsageError, "the discriminator has 4"),
        (("--name", "no/name"), UsageError, "cannot be a model's name"),
        (("--licence", " "), UsageError, "card needs words"),
        (("--device", "abacus"), UsageError, "Device 'abacus' cannot be used"),
        (("--precision", "float8"), UsageError, "Choose from: auto, float32, bfloat16"),
        (("--from", "no-such-model"), ModelError, "no-such-model"),
        (("--from", "absent.toml"), UsageError, "absent.toml cannot be read"),
        (("--features", "no-such-network"), ModelError, "no-such-network"),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_wrong_use_is_refused_before_photos_are_read(inputs, tmp_path, more, error, words):
    with pytest.raises(error, match=words):
        run(arguments(inputs, tmp_path / "m", *more))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("resolution = 65\n", "resolution must be one of"),
        ("resolutoin = 64\n", "Unknown option 'resolutoin'"),
        ("resolution = \n", "no valid TOML"),
        ('resolution = "64"\n', "needs a value of type int"),
    ],
)
def test_a_file_that_describes_no_size_is_refused(inputs, tmp_path, text, words):
    (tmp_path / "size.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        run(arguments(inputs, tmp_path / "m", "--from", tmp_path / "size.toml"))


def test_what_is_there_is_not_replaced_unasked(inputs, tmp_path, capsys):
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "mine.txt").write_text("keep", encoding="utf-8")
    for more in ((), ("--overwrite",)):
        assert main(["portraits", *map(str, arguments(inputs, tmp_path / "m", *more))]) == 2
    assert (tmp_path / "m" / "mine.txt").read_text(encoding="utf-8") == "keep"
    assert "already exists" in capsys.readouterr().err


def test_a_former_model_is_replaced_when_asked_for(inputs, tmp_path):
    assert run(arguments(inputs, tmp_path / "m")) == 0
    former = open_bundle(tmp_path / "m").sha256
    assert run(arguments(inputs, tmp_path / "m", "--overwrite", "--seed", 8)) == 0
    assert open_bundle(tmp_path / "m").sha256 != former


def test_a_second_run_into_the_same_folder_is_refused(inputs, tmp_path):
    class Trying(Stopping):
        def progress(self, step, done, total):
            with pytest.raises(UsageError, match="Another run is working"):
                run(arguments(inputs, tmp_path / "m"))
            super().progress(step, done, total)

    with pytest.raises(KeyboardInterrupt):
        run(arguments(inputs, tmp_path / "m"), Trying("reading photos", 1))


def by_two_processes(inputs, output, *more):
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", "2", "--rdzv-backend", "c10d"]
    command = [*launcher, "--rdzv-endpoint", "127.0.0.1:0", "-m", "prognosis", "portraits"]
    return subprocess.run(
        [*command, *map(str, arguments(inputs, output, *more, "--json"))],
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_two_processes_started_by_torchrun_train_one_model(inputs, tmp_path):
    done = by_two_processes(inputs, tmp_path / "two", "--batch", 8, "--images", 48)
    assert done.returncode == 0, done.stderr
    bundle = open_bundle(tmp_path / "two")
    assert json.loads(done.stdout)["sha256"] == bundle.sha256
    assert bundle.manifest.training.details["photos_learnt"] == 10
    assert sorted(file.name for file in tmp_path.iterdir()) == ["two", "two.report.html"]
    assert all(tensor.isfinite().all() for tensor in networks_in(tmp_path / "two").values())


def test_processes_that_cannot_share_a_batch_are_refused(inputs, tmp_path):
    done = by_two_processes(inputs, tmp_path / "two", "--batch", 4)
    assert done.returncode != 0
    assert "Give a batch that is a multiple of 8." in done.stderr
    assert not (tmp_path / "two").exists()
