"""`portraits project`: what a heap of good and bad photos comes to, resumed and kept apart."""

import argparse
import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from encoder_making import SIZE, SMALL, described, small_discriminator, small_generator, written
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from prognosis.bundles.manifest import Architecture, ArchitectureKind
from prognosis.bundles.writing import write_bundle
from prognosis.cli import portraits_project, portraits_project_batch, portraits_project_files
from prognosis.cli.console import Console
from prognosis.cli.portraits_align_files import warn_of_rows
from prognosis.errors import CancelledError, ModelError, UsageError
from prognosis.portraits.comparing.grids import pixels_of
from prognosis.portraits.encoding.network import Encoder
from prognosis.portraits.generator_bundle import DISCRIMINATOR_FILE, ENCODER, ENCODER_FILE, WEIGHTS_FILE
from prognosis.portraits.projecting.latent_files import read_latents
from prognosis.portraits.projecting.mapped_back import mapped_back
from prognosis.portraits.projecting.options import Space
from prognosis.portraits.stylegan2.options import Noise

SECRET = "Weissnicht"
STEPS = 4
ASTRONAUT = Path(__file__).resolve().parents[3] / "shared/data/faces/astronaut.png"


def run(*arguments, progress=None):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", default="auto")
    parser = argparse.ArgumentParser()
    portraits_project.add_to(parser.add_subparsers(), common)
    parsed = parser.parse_args(["project", *map(str, arguments)])
    with Console.of(parsed) as console:
        if progress is not None:
            console.progress = progress
        return parsed.run(parsed, console)


def rows_of(folder):
    with (folder / "projections.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def texts_of(folder):
    files = (file for file in folder.rglob("*") if file.is_file() and file.suffix in (".json", ".csv", ".html"))
    return "".join(file.read_text(encoding="utf-8") for file in files)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    torch.set_num_threads(1)
    return written(tmp_path_factory.mktemp("models") / "small-faces").folder


@pytest.fixture(scope="module")
def faces():
    """RGB of four faces of no one."""
    generator = small_generator()
    with torch.no_grad():
        return pixels_of(generator(torch.randn(4, SIZE.z_dim), noise=Noise.CONSTANT))


@pytest.fixture
def photos(faces, tmp_path):
    """A folder called after a person: three faces, one larger, with metadata; one not square; no photo."""
    folder = tmp_path / SECRET
    folder.mkdir()
    about = PngInfo()
    about.add_text("Author", SECRET)
    for number, pixels in enumerate(faces[:3]):
        picture = Image.fromarray(pixels)
        picture = picture.resize((128, 128)) if number == 1 else picture
        picture.save(folder / f"{number}_{SECRET}.png", pnginfo=about)
    Image.fromarray(faces[3]).resize((70, 90)).save(folder / f"3_{SECRET}.png")
    (folder / f"4_{SECRET}.jpeg").write_bytes(b"no photo")
    return folder


def quick(photos, model, output, *more, progress=None):
    return run(photos, "--model", model, "--output", output, "--aligned", "--steps", STEPS, *more, progress=progress)


def test_one_bad_photo_does_not_stop_the_others(photos, model, tmp_path, capsys):
    output = tmp_path / "latents"
    assert quick(photos, model, output) == 1
    rows = rows_of(output)
    assert [(row["row"], row["status"], row["latents"]) for row in rows] == [
        ("1", "projected", "case-000001/latent.safetensors"),
        ("2", "projected", "case-000002/latent.safetensors"),
        ("3", "projected", "case-000003/latent.safetensors"),
        ("4", "failed", ""),
        ("5", "failed", ""),
    ]
    assert "an aligned face is square" in rows[3]["cause"]
    assert "no photo" in rows[4]["cause"]
    assert rows[0]["features"] == "discriminator of small-faces"
    assert (rows[0]["features_validated"], rows[0]["identity_validated"]) == ("no", "no")
    assert "came aligned" in rows[0]["notes"]
    assert (rows[0]["generator"], rows[0]["demonstration"]) == ("small-faces 3", "yes")
    latents = read_latents(output / rows[0]["latents"])
    assert latents.space is Space.Z
    assert float(latents.z.norm()) == pytest.approx(SIZE.z_dim**0.5, rel=1e-5)
    captured = capsys.readouterr()
    assert "consent" in captured.out
    assert "identify people" in captured.out


def test_the_sheet_and_every_answer_bear_what_the_model_is(photos, model, tmp_path, capsys, caplog, monkeypatch):
    drawn = []
    real = portraits_project_files.sample_grid
    monkeypatch.setattr(
        portraits_project_files, "sample_grid", lambda *images, **words: drawn.append(words) or real(*images, **words)
    )
    quick(photos, model, tmp_path / "latents", "--json")
    assert json.loads(capsys.readouterr().out)["demonstration"] is True
    assert "DEMONSTRATION MODEL" in caplog.text
    assert drawn[0]["below"][0] == "DEMONSTRATION MODEL"
    assert "Research use only." in drawn[0]["below"]
    assert "header being row 1" not in texts_of(tmp_path / "latents")


def test_of_many_rows_to_look_at_the_first_are_told(tmp_path, caplog):
    warn_of_rows([(row, "blurred") for row in range(1, 4001)], tmp_path / "projections.csv", Console())
    told = [record.getMessage() for record in caplog.records]
    assert told[0] == "Row 1: blurred."
    assert len(told) == 21
    assert told[-1] == f"3980 more rows are flagged: see {tmp_path / 'projections.csv'}."


def test_nothing_tells_who_was_projected_and_no_photo_is_copied(photos, model, faces, tmp_path, caplog):
    output = tmp_path / "latents"
    quick(photos, model, output)
    assert SECRET not in texts_of(output)
    assert SECRET not in caplog.text
    pictures = [file for file in output.rglob("*") if file.suffix == ".png"]
    assert {file.name for file in pictures} == {"projection.png", "overview.png"}
    for file in pictures:
        with Image.open(file) as picture:
            assert [text.startswith("Synthetic image") for text in picture.text.values()] == [True]
            shown = np.array(picture.convert("RGB"))
        assert not any(shown.shape == face.shape and np.array_equal(shown, face) for face in faces)
    assert not [file for file in output.rglob("*") if ".partial" in file.name or file.name == ".search"]


def test_the_same_command_keeps_what_is_done_and_computes_what_changed(photos, model, faces, tmp_path):
    output = tmp_path / "latents"
    quick(photos, model, output)
    before = {row["row"]: (output / row["latents"]).stat().st_mtime_ns for row in rows_of(output)[:3]}
    Image.fromarray(faces[3]).save(photos / f"1_{SECRET}.png")
    for bad in (f"3_{SECRET}.png", f"4_{SECRET}.jpeg"):
        (photos / bad).unlink()
    assert quick(photos, model, output) == 0
    after = {row["row"]: (output / row["latents"]).stat().st_mtime_ns for row in rows_of(output)}
    assert after["1"] == before["1"]
    assert after["3"] == before["3"]
    assert after["2"] != before["2"]
    assert len(after) == 3


def test_other_options_are_other_results(photos, model, tmp_path):
    output = tmp_path / "latents"
    quick(photos, model, output)
    quick(photos, model, output, "--space", "w+", "--restarts", 2)
    [row, *_] = rows_of(output)
    assert (row["space"], row["restarts"]) == ("w+", "2")
    assert float(row["latent_spread"]) > 0
    assert read_latents(output / row["latents"]).z is None


def test_an_interrupted_run_goes_on_and_ends_as_if_uninterrupted(photos, model, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    quick(photos, model, whole)

    def stop(step, done, total):
        if step == "search steps" and (done, total) == (2 * STEPS + 2, 5 * STEPS):
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        quick(photos, model, broken, "--at-once", 2, progress=stop)
    assert {file.name for file in broken.iterdir()} >= {"case-000001", "case-000002", "summary.csv", ".search"}
    seen = []
    assert quick(photos, model, broken, "--at-once", 2, progress=lambda *told: seen.append(told)) == 1
    searched = [done for step, done, _ in seen if step == "search steps"]
    assert (searched[0], searched[-1]) == (2 * STEPS + 3, 3 * STEPS)
    assert not (broken / ".search").exists()
    for number in (1, 2, 3):
        one, other = (read_latents(folder / f"case-{number:06d}" / "latent.safetensors") for folder in (whole, broken))
        torch.testing.assert_close(one.z, other.z, atol=1e-3, rtol=1e-3)


def test_a_search_that_was_stopped_is_resumed_in_the_middle(photos, model, tmp_path):
    output = tmp_path / "latents"

    def stop(step, done, total):
        if (step, done, total) == ("search steps", 3 * 3, 5 * STEPS):
            raise CancelledError("Enough.")

    with pytest.raises(CancelledError):
        quick(photos, model, output, progress=stop)
    assert (output / ".search" / "search.safetensors").is_file()
    assert (output / "summary.csv").is_file()
    seen = []
    quick(photos, model, output, progress=lambda *told: seen.append(told))
    assert [done for step, done, _ in seen if step == "search steps"] == [3 * STEPS]


def test_memory_that_runs_out_halves_the_batch(photos, model, tmp_path, monkeypatch):
    real, sizes = portraits_project_batch.project, []

    def greedy(images, *rest, **named):
        sizes.append(len(images))
        if len(images) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(images, *rest, **named)

    monkeypatch.setattr(portraits_project_batch, "project", greedy)
    quick(photos, model, tmp_path / "latents")
    assert sizes == [3, 1, 2, 1, 1]
    assert [row["status"] for row in rows_of(tmp_path / "latents")] == ["projected"] * 3 + ["failed"] * 2


def test_a_photo_that_never_fits_fails_alone(photos, model, tmp_path, monkeypatch):
    real = portraits_project_batch.project

    def greedy(images, *rest, **named):
        if len(images) > 1 or float(images.mean()) == pytest.approx(spoilt, abs=1e-6):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return real(images, *rest, **named)

    with Image.open(photos / f"2_{SECRET}.png") as picture:
        spoilt = float((torch.from_numpy(np.array(picture)).float() / 127.5 - 1).mean())
    monkeypatch.setattr(portraits_project_batch, "project", greedy)
    assert quick(photos, model, tmp_path / "latents") == 1
    rows = rows_of(tmp_path / "latents")
    assert [row["status"] for row in rows] == ["projected"] * 2 + ["failed"] * 3
    assert rows[2]["cause"] == "Memory ran out."
    assert "--restarts" in rows[2]["remedy"]
    assert "--workers" not in rows[2]["remedy"]


def test_the_encoder_gives_the_start(photos, model, tmp_path):
    with pytest.raises(ModelError, match="has no encoder"):
        quick(photos, model, tmp_path / "none", "--start", "encoder")
    torch.manual_seed(4)
    encoder = Encoder(SMALL)
    manifest = described()
    shown = {"resolution": 64, "z_dim": 8, "w_dim": 8, "channels": list(SMALL.channels), "hidden": SMALL.hidden}
    parameters = {**manifest.architecture.parameters, ENCODER: shown}
    tensors = {
        WEIGHTS_FILE: small_generator().state_dict(),
        DISCRIMINATOR_FILE: small_discriminator().state_dict(),
        ENCODER_FILE: encoder.state_dict(),
    }
    architecture = Architecture(ArchitectureKind.STYLEGAN2_GENERATOR, parameters)
    with_encoder = write_bundle(tmp_path / "with-encoder", described(architecture=architecture), tensors).folder
    output = tmp_path / "latents"
    quick(photos, with_encoder, output, "--start", "encoder", "--steps", 1)
    document = json.loads((output / "case-000001" / "projection.json").read_text(encoding="utf-8"))
    assert (document["options"]["start"], document["options"]["latent_noise"]) == ("encoder", 0.0)
    with Image.open(photos / f"0_{SECRET}.png") as picture:
        image = torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        guessed = encoder.eval()(image)
    guess = mapped_back(small_generator(), guessed.w, guessed.z)[0]
    torch.testing.assert_close(
        read_latents(output / "case-000001" / "latent.safetensors").z, guess, atol=1e-4, rtol=1e-4
    )


def test_a_generator_alone_needs_a_feature_network(photos, tmp_path):
    alone = written(tmp_path / "alone", discriminator=False).folder
    with pytest.raises(ModelError, match="no discriminator"):
        quick(photos, alone, tmp_path / "latents")


@pytest.mark.parametrize("flag", [("--face", "2"), ("--landmarks", "points.dat")], ids=lambda flag: flag[0])
def test_aligned_faces_are_not_looked_for(photos, model, tmp_path, flag):
    with pytest.raises(UsageError, match=flag[0]):
        quick(photos, model, tmp_path / "latents", *flag)


@pytest.mark.parametrize(
    "wrong",
    [("--face", "all"), ("--at-once", "0"), ("--space", "x"), ("--until", "25:00"), ("--start", "nowhere")],
    ids=lambda flag: " ".join(flag),
)
def test_wrong_flags_are_refused(photos, model, tmp_path, wrong):
    with pytest.raises(SystemExit) as ended:
        run(photos, "--model", model, "--output", tmp_path / "latents", *wrong)
    assert ended.value.code == 2


def test_photos_in_the_output_are_refused(photos, model, tmp_path):
    with pytest.raises(UsageError):
        run(photos / f"0_{SECRET}.png", "--model", model, "--output", photos, "--aligned", "--steps", 1)


def test_a_photo_is_aligned_first_and_its_flags_are_told(model, tmp_path):
    pytest.importorskip("dlib")
    if not ASTRONAUT.is_file():
        pytest.skip("shared/data/faces/astronaut.png is not there")
    with Image.open(ASTRONAUT) as picture:
        picture.convert("L").save(tmp_path / "grey.png")
    output = tmp_path / "latents"
    assert run(tmp_path / "grey.png", "--model", model, "--output", output, "--steps", 2) == 0
    [row] = rows_of(output)
    assert "black and white photo" in row["flags"]
    assert 10 < float(row["eye_distance_px"]) < 100
    document = json.loads((output / "case-000001" / "projection.json").read_text(encoding="utf-8"))
    assert document["photo"]["flags"] == ["black and white photo", "what is covered cannot be measured"]
    assert document["options"]["aligned"] is False


def test_parts_together_are_the_whole_run(photos, model, tmp_path):
    quick(photos, model, tmp_path / "whole")
    whole = {row["row"]: row for row in rows_of(tmp_path / "whole")}
    parts = {}
    for which in (1, 2):
        output = tmp_path / f"part-{which}"
        quick(photos, model, output, "--part", f"{which}/2")
        parts[which] = {row["row"]: row for row in rows_of(output)}
        for row in parts[which].values():
            if row["latents"]:
                mine = read_latents(output / row["latents"]).z
                assert torch.allclose(mine, read_latents(tmp_path / "whole" / row["latents"]).z, atol=1e-4)
    assert [sorted(some) for some in parts.values()] == [["1", "3", "5"], ["2", "4"]]
    assert {**parts[1], **parts[2]}.keys() == whole.keys()


@pytest.mark.parametrize("part", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_part_that_cannot_be_is_refused(photos, model, tmp_path, part, capsys):
    with pytest.raises(SystemExit):
        quick(photos, model, tmp_path / "latents", f"--part={part}")
    assert "part" in capsys.readouterr().err


def test_of_an_aligned_folder_the_faces_alone_are_taken(photos, model, tmp_path):
    aligned = tmp_path / "aligned"
    (aligned / "case-000001").mkdir(parents=True)
    (aligned / "faces.csv").write_text("row\n1\n", encoding="utf-8")
    face = next(photos.glob("0_*")).read_bytes()
    for name in ("face-000001.png", "case-000001/face-1.png", "overview.png"):
        (aligned / name).write_bytes(face)
    assert quick(aligned, model, tmp_path / "latents") == 0
    assert [row["status"] for row in rows_of(tmp_path / "latents")] == ["projected"]
