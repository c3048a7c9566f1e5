"""`portraits align`: what a heap of good and bad photos comes to."""

import argparse
import csv
import json
import struct

import numpy as np
import pytest
from PIL import Image, ImageFilter
from PIL.PngImagePlugin import PngInfo

from prognosis.batch.inputs import hash_of_settings
from prognosis.cli import portraits_align
from prognosis.cli.console import Console
from prognosis.errors import UsageError
from prognosis.portraits.faces import aligned_files
from prognosis.portraits.faces.aligned_files import read_aligned
from prognosis.portraits.faces.options import AlignOptions
from prognosis.portraits.faces.photo_list import list_photos
from prognosis.report.aligned_faces import SheetEntry, draw_contact_sheet

SECRET = "Weissnicht"


def align(*arguments):
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true")
    common.add_argument("--progress", default="auto")
    parser = argparse.ArgumentParser()
    portraits_align.add_to(parser.add_subparsers(), common)
    parsed = parser.parse_args(["align", *map(str, arguments), "--workers", "1"])
    with Console.of(parsed) as console:
        return parsed.run(parsed, console)


def rows_of(folder):
    with (folder / "faces.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def chunks_of(file):
    """The names of a PNG's chunks."""
    content, at, found = file.read_bytes(), 8, []
    while at < len(content):
        (length,) = struct.unpack(">I", content[at : at + 4])
        found.append(content[at + 4 : at + 8].decode())
        at += 12 + length
    return found


@pytest.fixture(scope="module")
def photos(portrait, tmp_path_factory):
    """A folder called after a person: a portrait full of metadata, a blurred one, no face, no photo, other files."""
    pytest.importorskip("dlib")
    folder = tmp_path_factory.mktemp("photos") / SECRET
    (folder / "more").mkdir(parents=True)
    about = PngInfo()
    about.add_text("Author", SECRET)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    portrait.save(folder / f"a_{SECRET}.png", pnginfo=about, exif=exif)
    portrait.filter(ImageFilter.GaussianBlur(2.3)).save(folder / f"b_{SECRET}.JPG", quality=95)
    Image.new("RGB", (120, 120), (90, 90, 90)).save(folder / f"c_{SECRET}.png")
    (folder / "more" / f"{SECRET}.jpeg").write_bytes(b"no photo")
    (folder / "notes.txt").write_text("not a photo")
    (folder / ".hidden.png").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """Exit code and output folder of the whole heap."""
    output = tmp_path_factory.mktemp("aligned") / "faces"
    return align(photos, "--output", output), output


def test_one_bad_photo_does_not_stop_the_others(run):
    code, output = run
    assert code == 1
    rows = rows_of(output)
    assert [(row["row"], row["status"], row["file"]) for row in rows] == [
        ("1", "aligned", "face-000001.png"),
        ("2", "aligned", "face-000002.png"),
        ("3", "failed", ""),
        ("4", "failed", ""),
    ]
    assert "no face" in rows[2]["cause"]
    assert "no photo" in rows[3]["cause"]
    assert all(row["remedy"] for row in rows[2:])


def test_the_table_tells_what_was_seen(run):
    first, second = rows_of(run[1])[:2]
    assert (first["flags"], second["flags"]) == ("", "blurred")
    assert float(first["eye_distance_px"]) == pytest.approx(43, abs=1)
    assert (first["faces_found"], first["doubtful_places"]) == ("1", "1")
    assert (float(first["covered_lower"]), float(first["covered_eyes"])) == pytest.approx((0, 0), abs=0.02)
    assert int(first["box_top"]) < 200
    assert read_aligned(run[1] / "case-000001").points == 5


def test_faces_are_upright_512_squares_without_metadata(run):
    for name in ("face-000001.png", "face-000002.png"):
        assert set(chunks_of(run[1] / name)) == {"IHDR", "IDAT", "IEND"}
        with Image.open(run[1] / name) as picture:
            assert (picture.size, picture.mode) == ((512, 512), "RGB")


def test_the_sheet_shows_photos_and_faces(run):
    assert set(chunks_of(run[1] / "overview.png")) == {"IHDR", "IDAT", "IEND"}
    with Image.open(run[1] / "overview.png") as picture:
        colours = np.asarray(picture).reshape(-1, 3)
    assert (np.abs(colours.astype(int) - (0xFF, 0xD2, 0x4A)).max(axis=1) < 12).sum() > 100


def test_no_output_names_anybody(run):
    for file in run[1].rglob("*"):
        assert SECRET.lower() not in file.name.lower()
        if file.is_file():
            assert SECRET.lower().encode() not in file.read_bytes().lower()


def test_a_second_run_keeps_what_is_there_and_no_number_shows_another(photos, tmp_path, capsys):
    plain, soft = photos / f"a_{SECRET}.png", photos / f"b_{SECRET}.JPG"
    output = tmp_path / "faces"
    assert align(plain, soft, "--output", output, "--size", 64, "--json") == 0
    first = (output / "face-000001.png").read_bytes()
    assert align(soft, "--output", output, "--size", 64, "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(one["done"], one["kept"], one["faces"]) for one in told] == [(2, 0, 2), (0, 1, 1)]
    assert sorted(file.name for file in output.glob("face-*")) == ["face-000001.png"]
    assert (output / "face-000001.png").read_bytes() != first
    assert rows_of(output)[0]["flags"] == "blurred"


def test_cases_of_a_version_that_measured_less_are_done_again(monkeypatch):
    work = portraits_align.FaceAligning(AlignOptions(), "0" * 64, {})
    now = hash_of_settings(work.settings)
    monkeypatch.setattr(aligned_files, "MEASURES", aligned_files.MEASURES[:-2])
    assert hash_of_settings(work.settings) != now


def test_what_a_version_that_measured_less_wrote_can_be_read(run, tmp_path):
    content = json.loads((run[1] / "case-000001/faces.json").read_text())
    for name in aligned_files.COVER_MEASURES:
        assert content["faces"][0]["measures"].pop(name) < 0.1
    (tmp_path / "faces.json").write_text(json.dumps(content))
    (face,) = read_aligned(tmp_path).faces
    assert "covered_lower" not in face.measures
    assert face.measures["eye_distance_px"] == pytest.approx(43, abs=1)


def test_what_cannot_be_measured_is_an_empty_cell_and_told(portrait, tmp_path):
    pytest.importorskip("dlib")
    portrait.convert("L").save(tmp_path / "grey.png")
    align(tmp_path / "grey.png", "--output", tmp_path / "faces", "--size", 64)
    (row,) = rows_of(tmp_path / "faces")
    assert (row["covered_lower"], row["covered_eyes"]) == ("", "")
    assert row["flags"] == "black and white photo; what is covered cannot be measured"
    assert read_aligned(tmp_path / "faces/case-000001").faces[0].measures["covered_lower"] is None


def test_consent_is_asked_for_and_names_are_written_only_where_the_user_says(photos, tmp_path, capsys):
    names = tmp_path / "names.csv"
    align(photos / f"c_{SECRET}.png", "--output", tmp_path / "faces", "--photo-names", names)
    assert "Use photos only with consent; nothing leaves this machine" in capsys.readouterr().out
    with names.open(newline="", encoding="utf-8") as stream:
        assert list(csv.reader(stream)) == [["row", "photo"], ["1", str(photos / f"c_{SECRET}.png")]]
    with pytest.raises(UsageError, match="lies in the output"):
        align(photos, "--output", tmp_path / "faces", "--photo-names", tmp_path / "faces" / "names.csv")


def test_a_file_that_is_no_list_of_photos_is_not_replaced(photos, tmp_path):
    (tmp_path / "mine.csv").write_text("precious\n")
    with pytest.raises(UsageError, match="no list of photos"):
        align(photos, "--output", tmp_path / "faces", "--photo-names", tmp_path / "mine.csv")
    assert (tmp_path / "mine.csv").read_text() == "precious\n"


def test_faces_of_another_folder_are_left_alone(photos, tmp_path):
    (tmp_path / "face-000001.png").write_bytes(b"mine")
    with pytest.raises(UsageError, match="something else"):
        align(photos, "--output", tmp_path)
    assert (tmp_path / "face-000001.png").read_bytes() == b"mine"


@pytest.mark.parametrize(("flag", "value"), [("--size", "63"), ("--size", "big"), ("--face", "0"), ("--face", "both")])
def test_wrong_values_are_refused(tmp_path, flag, value):
    with pytest.raises(SystemExit):
        align(tmp_path, "--output", tmp_path / "faces", flag, value)


class TestListing:
    def test_photos_of_folders_are_listed_once_in_order(self, photos, tmp_path):
        again = photos / f"b_{SECRET}.JPG"
        listed = list_photos([again, photos], leave_out=tmp_path)
        names = [photo.relative_to(photos).as_posix() for photo in listed]
        assert names == [f"b_{SECRET}.JPG", f"a_{SECRET}.png", f"c_{SECRET}.png", f"more/{SECRET}.jpeg"]

    def test_results_among_the_photos_are_passed_over(self, tmp_path):
        (tmp_path / "faces").mkdir()
        for name in ("one.png", "faces/face-000001.png"):
            (tmp_path / name).write_bytes(b"")
        assert list_photos([tmp_path], leave_out=tmp_path / "faces") == (tmp_path / "one.png",)
        with pytest.raises(UsageError, match="lies in the output"):
            list_photos([tmp_path / "faces/face-000001.png"], leave_out=tmp_path / "faces")

    def test_nothing_to_list_is_told(self, tmp_path):
        with pytest.raises(UsageError, match="no photo"):
            list_photos([tmp_path], leave_out=tmp_path / "faces")
        with pytest.raises(UsageError, match="does not exist"):
            list_photos([tmp_path / "missing.png"], leave_out=tmp_path / "faces")


def test_a_sheet_without_any_face_can_be_drawn():
    entry = SheetEntry(1, None, (), None, "failed", "no photo")
    assert draw_contact_sheet([entry], photos=41).startswith(b"\x89PNG")
