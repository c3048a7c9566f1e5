"""What the folder of a batch holds: results of their own rows, whole, and nobody else's."""

import json
import multiprocessing
import shutil

import pytest
from toy_work import KIND, Toy, run_toy, toy_cases

from prognosis.batch import inputs
from prognosis.batch.folder import batch_folder
from prognosis.batch.ledger import State
from prognosis.errors import UsageError


def numbers(output):
    return {
        int(path.parent.name[5:]): int(path.read_text(encoding="utf-8")) for path in output.glob("case-*/number.txt")
    }


def states(entries):
    return [entry.state for entry in entries.values()]


def test_a_moved_row_takes_its_result_along(tmp_path):
    run_toy(toy_cases(tmp_path / "in", [10, 11, 12, 13]), tmp_path / "out")
    entries = run_toy(toy_cases(tmp_path / "in", [13, 10, 77, 12]), tmp_path / "out")
    assert states(entries) == [State.KEPT, State.KEPT, State.DONE, State.KEPT]
    assert numbers(tmp_path / "out") == {2: 13, 3: 10, 4: 77, 5: 12}
    assert [entry.facts["number"] for entry in entries.values()] == [13, 10, 77, 12]


def test_a_row_taken_out_and_put_back_is_not_computed_again(tmp_path):
    run_toy(toy_cases(tmp_path / "in", [10, 11]), tmp_path / "out")
    run_toy(toy_cases(tmp_path / "in", [11]), tmp_path / "out")
    assert numbers(tmp_path / "out") == {2: 11}
    assert len(list((tmp_path / "out/set-aside").iterdir())) == 1
    assert states(run_toy(toy_cases(tmp_path / "in", [10, 11]), tmp_path / "out")) == [State.KEPT, State.KEPT]
    assert numbers(tmp_path / "out") == {2: 10, 3: 11}


def test_changed_files_and_other_settings_run_again(tmp_path):
    cases = toy_cases(tmp_path / "in", [10, 11])
    run_toy(cases, tmp_path / "out")
    cases[1].inputs["image"].write_text("12", encoding="utf-8")
    assert states(run_toy(cases, tmp_path / "out")) == [State.KEPT, State.DONE]
    assert numbers(tmp_path / "out") == {2: 10, 3: 12}
    assert states(run_toy(cases, tmp_path / "out", Toy(factor=2))) == [State.DONE, State.DONE]
    assert numbers(tmp_path / "out") == {2: 20, 3: 24}
    assert states(run_toy(cases, tmp_path / "out")) == [State.KEPT, State.KEPT]
    assert numbers(tmp_path / "out") == {2: 10, 3: 12}


def test_a_changed_case_that_fails_shows_no_former_result(tmp_path):
    run_toy(toy_cases(tmp_path / "in", [10, 11]), tmp_path / "out")
    run_toy(toy_cases(tmp_path / "in", [10, 11], {3: "input error"}), tmp_path / "out")
    assert numbers(tmp_path / "out") == {2: 10}


def test_files_that_were_copied_or_touched_are_known_by_their_content(tmp_path):
    run_toy(toy_cases(tmp_path / "in", [10, 11, 12]), tmp_path / "out")
    shutil.copytree(tmp_path / "in", tmp_path / "copy")
    assert states(run_toy(toy_cases(tmp_path / "copy", [10, 11, 12]), tmp_path / "out")) == [State.KEPT] * 3
    stamps = [json.loads(path.read_text())["stamp"] for path in sorted((tmp_path / "out").glob("case-*/case.json"))]
    assert states(run_toy(toy_cases(tmp_path / "copy", [10, 11, 12]), tmp_path / "out")) == [State.KEPT] * 3
    again = [json.loads(path.read_text())["stamp"] for path in sorted((tmp_path / "out").glob("case-*/case.json"))]
    assert again == stamps


def test_twins_have_a_folder_each(tmp_path):
    (tmp_path / "in").mkdir()
    cases = toy_cases(tmp_path / "in", [10, 10, 10])
    assert states(run_toy(cases[:2], tmp_path / "out")) == [State.DONE, State.DONE]
    assert states(run_toy(cases, tmp_path / "out")) == [State.KEPT, State.KEPT, State.DONE]
    assert numbers(tmp_path / "out") == {2: 10, 3: 10, 4: 10}


def rewrite(folder, **fields):
    document = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    (folder / "case.json").write_text(json.dumps(document | fields), encoding="utf-8")


DAMAGES = {
    "a file is gone": lambda folder: (folder / "number.txt").unlink(),
    "a file was cut": lambda folder: (folder / "number.txt").write_text(""),
    "the journal is torn": lambda folder: (folder / "case.json").write_text('{"key": "abc'),
    "the journal is of another kind": lambda folder: (folder / "case.json").write_text("[1, 2]"),
    "the journal lacks fields": lambda folder: (folder / "case.json").write_text("{}"),
    "the journal is nested without end": lambda folder: (folder / "case.json").write_text("[" * 200_000),
    "the key leads elsewhere": lambda folder: rewrite(folder, key="../../zz"),
    "the key is a number": lambda folder: rewrite(folder, key=5),
    "the stamp is a list": lambda folder: rewrite(folder, stamp=[1]),
    "the settings are none": lambda folder: rewrite(folder, settings=None),
    "a fact is a list": lambda folder: rewrite(folder, facts={"number": [1]}),
    "a fact is no number": lambda folder: rewrite(folder, facts={"number": float("nan")}),
    "a fact is no text": lambda folder: rewrite(folder, facts={"warnings": "\ud800"}),
    "no file is named": lambda folder: rewrite(folder, sizes={}),
    "a file elsewhere is named": lambda folder: rewrite(folder, sizes={"../case-000002/number.txt": 2}),
    "a size is no number": lambda folder: rewrite(folder, sizes={"number.txt": "2"}),
    "the folder is empty": lambda folder: [path.unlink() for path in folder.iterdir()],
    "the folder is a file": lambda folder: (shutil.rmtree(folder), folder.touch()),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_result_is_computed_again(tmp_path, damage):
    cases = toy_cases(tmp_path / "in", [10, 11])
    run_toy(cases, tmp_path / "out")
    damage(tmp_path / "out/case-000003")
    assert states(run_toy(cases, tmp_path / "out")) == [State.KEPT, State.DONE]
    assert numbers(tmp_path / "out") == {2: 10, 3: 11}
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


OWN = ("case-000002-notes.txt", "case-review/notes.txt", "summary.xlsx", ".mine.partial", "set-aside/notes.txt")


@pytest.mark.parametrize("overwrite", [False, True], ids=["", "overwrite"])
def test_files_that_are_not_ours_stay(tmp_path, overwrite):
    cases = toy_cases(tmp_path / "in", [10])
    run_toy(cases, tmp_path / "out")
    for name in OWN:
        (tmp_path / "out" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "out" / name).write_text("mine", encoding="utf-8")
    run_toy(cases, tmp_path / "out", overwrite=overwrite)
    assert [(tmp_path / "out" / name).read_text(encoding="utf-8") for name in OWN] == ["mine"] * len(OWN)


@pytest.mark.parametrize("overwrite", [False, True], ids=["", "overwrite"])
def test_a_damaged_case_with_files_that_are_not_ours_is_set_aside_for_good(tmp_path, overwrite):
    cases = toy_cases(tmp_path / "in", [10, 11])
    run_toy(cases, tmp_path / "out")
    case = tmp_path / "out/case-000003"
    (case / "number.txt").unlink()
    (case / "notes.txt").write_text("mine", encoding="utf-8")
    for _ in range(3):
        run_toy(cases, tmp_path / "out", overwrite=overwrite)
    assert numbers(tmp_path / "out") == {2: 10, 3: 11}
    (notes,) = (tmp_path / "out/set-aside").glob("*-case-000003-*/notes.txt")
    assert notes.read_text(encoding="utf-8") == "mine"
    assert not list((tmp_path / "out/set-aside").glob("*case-000002*"))


def test_a_linked_case_is_not_followed(tmp_path):
    cases = toy_cases(tmp_path / "in", [10])
    run_toy(cases, tmp_path / "out")
    (tmp_path / "out/case-000002").rename(tmp_path / "elsewhere")
    (tmp_path / "out/case-000002").symlink_to(tmp_path / "elsewhere")
    assert states(run_toy(cases, tmp_path / "out")) == [State.DONE]
    assert (tmp_path / "elsewhere/number.txt").is_file()


@pytest.fixture
def hashed(monkeypatch):
    """The names of all files that are read to be compared with former results."""
    names = []

    def key_of(case, settings):
        names.append(case.inputs["image"].name)
        return inputs.key_of(case, settings)

    monkeypatch.setattr("prognosis.batch.matching.key_of", key_of)
    return names


def test_only_files_as_large_as_those_of_an_unclaimed_result_are_read(tmp_path, hashed):
    run_toy(toy_cases(tmp_path / "in", [10]), tmp_path / "out")
    with batch_folder(tmp_path / "out", kind=KIND) as folder:
        assert folder.keep(toy_cases(tmp_path / "in", [1, 100, 1000, 77]), Toy().settings) == {}
    assert hashed == ["number-77.txt"]


def test_nothing_more_is_read_once_time_is_up(tmp_path, hashed):
    run_toy(toy_cases(tmp_path / "in", [10, 11]), tmp_path / "out")
    shutil.copytree(tmp_path / "in", tmp_path / "copy")
    copies = toy_cases(tmp_path / "copy", [10, 11])
    asked = iter([True, False])
    with batch_folder(tmp_path / "out", kind=KIND) as folder:
        kept = folder.keep(copies, Toy().settings, may_go_on=lambda: next(asked))
    assert (set(kept), hashed) == ({2}, ["number-10.txt"])
    assert states(run_toy(copies, tmp_path / "out")) == [State.KEPT, State.KEPT]


def test_what_a_killed_run_left_is_cleared_away(tmp_path):
    cases = toy_cases(tmp_path / "in", [10])
    run_toy(cases, tmp_path / "out")
    (tmp_path / "out/.partial-case-000007-0a1b2c3d").mkdir()
    (tmp_path / "out/.partial-case-000007-0a1b2c3d/half.txt").touch()
    (tmp_path / "out/.summary.csv.abc.partial").touch()
    (tmp_path / "out/summary.csv").touch()
    assert states(run_toy(cases, tmp_path / "out")) == [State.KEPT]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {".lock", "batch.json", "case-000002"}


def test_overwrite_forgets_everything(tmp_path):
    cases = toy_cases(tmp_path / "in", [10])
    run_toy(cases, tmp_path / "out")
    run_toy(cases, tmp_path / "out", Toy(factor=3))
    assert states(run_toy(cases, tmp_path / "out", overwrite=True)) == [State.DONE]
    assert not (tmp_path / "out/set-aside").exists()


def fill_with_notes(folder):
    folder.mkdir()
    (folder / "notes.txt").write_text("mine", encoding="utf-8")


def fill_with_a_result(folder):
    folder.mkdir()
    (folder / "patient.json").write_text("{}", encoding="utf-8")


def fill_with_another_kind(folder):
    folder.mkdir()
    (folder / "batch.json").write_text('{"kind": "portraits score"}', encoding="utf-8")


def fill_with_a_torn_mark(folder):
    folder.mkdir()
    (folder / "batch.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize("overwrite", [False, True], ids=["", "overwrite"])
@pytest.mark.parametrize(
    "fill", [fill_with_notes, fill_with_a_result, fill_with_another_kind, fill_with_a_torn_mark, lambda f: f.touch()]
)
def test_a_folder_of_something_else_is_refused_untouched(tmp_path, fill, overwrite):
    fill(tmp_path / "out")
    before = sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*"))
    with pytest.raises(UsageError, match="Choose another --output"):
        run_toy(toy_cases(tmp_path.with_name("in"), [10]), tmp_path / "out", overwrite=overwrite)
    assert sorted((path, path.stat().st_mtime_ns) for path in tmp_path.rglob("*")) == before


def test_an_empty_folder_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    assert states(run_toy(toy_cases(tmp_path / "in", [10]), tmp_path / "out")) == [State.DONE]


def _hold(path, held, release):
    with batch_folder(path, kind=KIND):
        held.set()
        release.wait(30)


def test_a_second_run_is_refused_while_the_first_lives_and_no_longer(tmp_path):
    context = multiprocessing.get_context("spawn")
    held, release = context.Event(), context.Event()
    first = context.Process(target=_hold, args=(tmp_path / "out", held, release))
    first.start()
    assert held.wait(30)
    cases = toy_cases(tmp_path / "in", [10])
    with pytest.raises(UsageError, match="Another run"):
        run_toy(cases, tmp_path / "out")
    first.kill()
    first.join()
    assert states(run_toy(cases, tmp_path / "out")) == [State.DONE]
