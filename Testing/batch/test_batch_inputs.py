"""When a result still belongs to its files."""

import os

import pytest

from prognosis.batch.case import Case
from prognosis.batch.inputs import files_of, key_of, stamp_of

HEADER = "NRRD0004\ntype: short\ndimension: 3\nsizes: 2 2 2\nencoding: raw\n"


def key(**inputs):
    return key_of(Case(2, inputs), {"model": "a"})


@pytest.fixture
def folder(tmp_path):
    """A folder of three slices."""
    (tmp_path / "ct/inner").mkdir(parents=True)
    for name in ("ct/1", "ct/2", "ct/inner/3"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path / "ct"


def test_the_key_is_of_content_options_and_settings_and_of_no_name(folder, tmp_path):
    image = tmp_path / "image.nrrd"
    image.write_bytes(b"abc")
    first = key_of(Case(2, {"image": image}, {"series": "1"}), {"model": "a"})
    other = image.rename(tmp_path / "renamed.nrrd")
    assert key_of(Case(9, {"image": other}, {"series": "1"}, ("id",)), {"model": "a"}) == first
    assert key_of(Case(2, {"image": other}, {"series": "2"}), {"model": "a"}) != first
    assert key_of(Case(2, {"image": other}, {"series": "1"}), {"model": "b"}) != first
    assert key_of(Case(2, {"lesions": other}, {"series": "1"}), {"model": "a"}) != first
    other.write_bytes(b"abd")
    assert key_of(Case(2, {"image": other}, {"series": "1"}), {"model": "a"}) != first


def test_a_version_of_the_program_makes_new_keys(tmp_path, monkeypatch):
    (tmp_path / "a").touch()
    before = key(image=tmp_path / "a")
    monkeypatch.setattr("prognosis.batch.inputs.__version__", "99.0")
    assert key(image=tmp_path / "a") != before


CHANGES = {
    "a slice altered": lambda folder: (folder / "inner/3").write_text("x"),
    "a slice more": lambda folder: (folder / "4").write_text("4"),
    "a slice fewer": lambda folder: (folder / "1").unlink(),
    "a slice twice": lambda folder: (folder / "5").write_text("ct/1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_folder_is_all_its_files(folder, change):
    before, stamp = key(image=folder), stamp_of(Case(2, {"image": folder}), {})
    assert len(files_of(folder)) == 3
    change(folder)
    assert key(image=folder) != before
    assert stamp_of(Case(2, {"image": folder}), {}) != stamp


def test_links_are_followed_and_circles_end(folder, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "4").write_text("4", encoding="utf-8")
    (folder / "linked").symlink_to(elsewhere)
    (folder / "circle").symlink_to(folder)
    assert sorted(path.name for path in files_of(folder)) == ["1", "2", "3", "4"]
    before = key(image=folder)
    (elsewhere / "4").write_text("5", encoding="utf-8")
    assert key(image=folder) != before


@pytest.mark.parametrize(
    ("name", "names_data", "data"),
    [
        ("a.nhdr", "data file: a.raw\n", ["a.raw"]),
        ("a.nrrd", "datafile: a.raw\n", ["a.raw"]),
        ("a.nhdr", "data file: LIST\na.raw\nb.raw\n", ["a.raw", "b.raw"]),
        ("a.nhdr", "data file: a%03d.raw 1 2 1\n", ["a.raw", "a001.raw", "a002.raw", "b.raw"]),
        ("a.mhd", "ElementDataFile = a.raw\n", ["a.raw"]),
        ("a.mha", "ElementDataFile = LOCAL\n%binary%", []),
        ("a.nrrd", "\nbinary", []),
    ],
)
def test_the_data_of_a_detached_header_count(tmp_path, name, names_data, data):
    (tmp_path / name).write_text(HEADER + names_data, encoding="utf-8")
    for other in ("a.raw", "b.raw", "a001.raw", "a002.raw"):
        (tmp_path / other).write_bytes(b"12345678")
    found = files_of(tmp_path / name)
    assert {path.name for path in found} == {name, *data}
    before, stamp = key(image=tmp_path / name), stamp_of(Case(2, {"image": tmp_path / name}), {})
    (tmp_path / "a.raw").write_bytes(b"1234567x")
    assert (key(image=tmp_path / name) != before) == ("a.raw" in data)
    assert (stamp_of(Case(2, {"image": tmp_path / name}), {}) != stamp) == ("a.raw" in data)


def test_a_file_that_is_missing_or_no_file_has_a_key_of_its_own(tmp_path):
    missing = key(image=tmp_path / "none.nrrd")
    os.mkfifo(tmp_path / "pipe.nrrd")
    assert key(image=tmp_path / "pipe.nrrd") == missing
    (tmp_path / "none.nrrd").touch()
    assert key(image=tmp_path / "none.nrrd") != missing


def test_the_stamp_knows_a_file_put_in_place_of_another_of_same_size_and_time(tmp_path):
    image = tmp_path / "image.nrrd"
    image.write_bytes(b"abc")
    before, status = stamp_of(Case(2, {"image": image}), {}), image.stat()
    image.write_bytes(b"abd")
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert stamp_of(Case(2, {"image": image}), {}) != before
