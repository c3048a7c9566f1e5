import json

import pytest

from prognosis.errors import UsageError
from prognosis.files import (
    only_one_run,
    require_free_space,
    result_folder,
    sha256_of,
    write_bytes,
    write_csv,
    write_json,
)


def test_a_result_folder_appears_only_when_the_work_ends_well(tmp_path):
    output = tmp_path / "result"
    with pytest.raises(RuntimeError, match="in the middle"), result_folder(output, known_by="whole.txt") as folder:
        (folder / "half.txt").write_text("half", encoding="utf-8")
        raise RuntimeError("in the middle")
    assert list(tmp_path.iterdir()) == []
    with result_folder(output, known_by="whole.txt") as folder:
        (folder / "whole.txt").write_text("whole", encoding="utf-8")
        assert not output.exists()
    assert [path.name for path in output.iterdir()] == ["whole.txt"]
    assert list(tmp_path.iterdir()) == [output]


def test_an_existing_result_is_refused_and_replaced_only_when_asked(tmp_path):
    output = tmp_path / "result"
    output.mkdir()
    (output / "old.txt").write_text("old", encoding="utf-8")
    with pytest.raises(UsageError, match="already exists.*--overwrite"), result_folder(output, known_by="whole.txt"):
        pass
    with pytest.raises(RuntimeError), result_folder(output, known_by="old.txt", overwrite=True):
        raise RuntimeError
    assert (output / "old.txt").exists()
    with result_folder(output, known_by="old.txt", overwrite=True) as folder:
        (folder / "new.txt").write_text("new", encoding="utf-8")
    assert [path.name for path in output.iterdir()] == ["new.txt"]
    assert list(tmp_path.iterdir()) == [output]


def test_a_file_is_never_half_written(tmp_path, monkeypatch):
    target = tmp_path / "file.bin"
    write_bytes(target, b"first")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_bytes(target, b"second")
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


def test_the_hash_is_the_published_one(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    assert sha256_of(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_text_that_a_spreadsheet_takes_for_a_formula_is_quoted(tmp_path, cell):
    write_csv(tmp_path / "t.csv", ["name", "value"], [[cell, -1.5]])
    line = (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines()[1]
    assert line.lstrip('"').startswith("'")
    assert line.endswith(",-1.5")


def test_json_refuses_what_is_no_number(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "x.json", {"risk": float("nan")})
    write_json(tmp_path / "x.json", {"risk": None})
    assert json.loads((tmp_path / "x.json").read_text(encoding="utf-8")) == {"risk": None}


def test_a_full_disk_is_noticed_before_computing(tmp_path):
    with pytest.raises(UsageError, match="MB free"):
        require_free_space(tmp_path / "not" / "yet" / "there", 10**18)


def test_only_a_former_result_or_an_empty_folder_is_replaced(tmp_path, monkeypatch):
    thesis = tmp_path / "docs"
    thesis.mkdir()
    with result_folder(thesis, known_by="patient.json", overwrite=True) as folder:
        (folder / "thesis.txt").write_text("years of work", encoding="utf-8")
    with (
        pytest.raises(UsageError, match=r"holds no patient\.json, so it is no former result"),
        result_folder(thesis, known_by="patient.json", overwrite=True),
    ):
        pass
    assert (thesis / "thesis.txt").exists()
    (thesis / "patient.json").touch()
    monkeypatch.chdir(thesis)
    with (
        pytest.raises(UsageError, match="current folder"),
        result_folder(tmp_path / "docs", known_by="patient.json", overwrite=True),
    ):
        pass


def test_a_second_run_in_one_folder_is_refused_until_the_first_ends(tmp_path):
    with (
        only_one_run(tmp_path / "state"),
        pytest.raises(UsageError, match="Another run is working"),
        only_one_run(tmp_path / "state"),
    ):
        pass
    with only_one_run(tmp_path / "state"):
        assert (tmp_path / "state").is_dir()
