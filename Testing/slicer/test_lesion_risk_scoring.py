"""Scoring with a worker that does as it is told: what is handed over, and what becomes of the answer."""

from pathlib import Path

import pytest
from slicer_host.making_nodes import segmentation_node
from slicer_host.scripted_modules import install_modules

from prognosis.cli.main import main
from prognosis.errors import CancelledError, InputError, PrognosisError, UsageError
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis_slicer.scene.result_record import Role, records_of
from prognosis_slicer.worker.job import Finished, cancelled

install_modules()

from prognosis_slicer.lesion_risk.inputs import Inputs  # noqa: E402
from prognosis_slicer.lesion_risk.scoring import Scoring  # noqa: E402
from prognosis_slicer.lesion_risk.waiting import score_and_wait  # noqa: E402


class ToyWorker:
    """Keeps the command until the test lets it run."""

    def __init__(self):
        self.commands, self.folders, self.cancelled = [], (), 0
        self.callbacks = None
        self.refusal = None
        self.warm = False

    @property
    def busy(self):
        return self.callbacks is not None

    def start(self, arguments, on_progress, on_finished, on_failed, *, folders=()):
        if self.refusal:
            raise self.refusal
        self.commands.append([str(word) for word in arguments])
        self.callbacks, self.folders = (on_progress, on_finished, on_failed), folders

    def warm_up(self):
        self.warm = True

    def cancel(self):
        self.cancelled += 1

    def close(self):
        self.callbacks = None

    def run(self):
        """Really score, in this process, and tell."""
        assert main(self.commands[-1]) == 0
        _, on_finished, _ = self._end()
        on_finished(Finished())

    def fail(self, error):
        _, _, on_failed = self._end()
        on_failed(error)

    def option(self, name):
        words = self.commands[-1]
        return words[words.index(name) + 1]

    def _end(self):
        callbacks, self.callbacks = self.callbacks, None
        return callbacks


class ToyInstaller:
    def __init__(self, error=None):
        self.error, self.asked, self.lacking = error, 0, []

    def missing(self):
        return self.lacking

    def ask_and_install(self):
        self.asked += 1
        if self.error:
            raise self.error


class Ears:
    def __init__(self):
        self.progress, self.records, self.errors, self.abandoned = [], [], [], 0

    def on_progress(self, step, done, total):
        self.progress.append((step, done, total))

    def on_scored(self, record):
        self.records.append(record)

    def on_failed(self, error):
        self.errors.append(error)

    def on_abandoned(self):
        self.abandoned += 1


@pytest.fixture
def worker():
    return ToyWorker()


@pytest.fixture
def scoring(worker):
    return Scoring(worker, ToyInstaller())


@pytest.fixture
def request_of(a_ct_node, a_segmentation_node):
    def request_of(**changes):
        given = {
            "image_id": a_ct_node.GetID(),
            "lesions_id": a_segmentation_node.GetID(),
            "organs_id": None,
            "segment_ids": tuple(a_segmentation_node.GetSegmentation().GetSegmentIDs()),
        }
        return Inputs(**{**given, **changes})

    return request_of


def test_image_and_chosen_segments_are_handed_over_as_they_are(scoring, worker, request_of, a_patient):
    ears = Ears()
    request = request_of()
    scoring.start(request_of(segment_ids=request.segment_ids[1:]), ears)
    image = read_volume(Path(worker.option("--image")))
    assert (image.array == a_patient.image.array).all()
    assert image.geometry.size == a_patient.image.geometry.size
    (lesion,) = read_lesions(Path(worker.option("--lesions")), image).lesions
    assert lesion.name == a_patient.lesions[1].name
    assert lesion.volume_mm3 == pytest.approx(a_patient.lesions[1].volume_mm3)
    assert scoring.busy
    assert ears.records == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "mine"}, ["--model", "mine"]),
        ({"split_islands": True, "smallest_island_mm3": 20.0}, ["--split-components", "--min-volume-mm3", "20.0"]),
        ({"smallest_island_mm3": 20.0}, []),
        ({"show_demonstration_numbers": True}, ["--show-demonstration-numbers"]),
    ],
    ids=["model", "islands", "a smallest volume without islands", "demonstration numbers"],
)
def test_choices_become_words_of_the_command_line(scoring, worker, request_of, changes, words):
    scoring.start(request_of(**changes), Ears())
    command = worker.commands[0]
    assert command[:2] == ["lesions", "score"]
    assert command[6:-2] == words


def test_the_answer_is_in_the_scene_with_its_files(scoring, worker, request_of, a_segmentation_node):
    ears = Ears()
    scoring.start(request_of(), ears)
    worker.callbacks[0]("scoring lesions", 1, 2)
    folder = Path(worker.option("--output"))
    worker.run()
    (record,) = ears.records
    assert ears.progress == [("scoring lesions", 1, 2)]
    assert record.find(Role.SEGMENTATION) is a_segmentation_node
    assert record.recall("lesions.csv") == (folder / "lesions.csv").read_bytes().decode()
    assert worker.folders == (folder.parent,)


def test_scoring_again_replaces_the_result_and_its_report(scoring, worker, request_of, scene):
    reports = []
    for _turn in range(2):
        scoring.start(request_of(), Ears())
        worker.run()
        reports.append(scene.GetNumberOfNodesByClass("vtkMRMLTextNode"))
    assert len(records_of(scene)) == 1
    assert reports == [1, 1]


def test_what_was_said_of_the_inputs_stands_among_the_warnings(scoring, worker, request_of, a_segmentation_node):
    a_segmentation_node.GetSegmentation().AddEmptySegment("empty", "nothing yet")
    ears = Ears()
    scoring.start(request_of(segment_ids=tuple(a_segmentation_node.GetSegmentation().GetSegmentIDs())), ears)
    worker.run()
    assert any("'nothing yet' is empty" in warning for warning in ears.records[0].patient.warnings)


def test_an_answer_for_a_scene_that_went_is_dropped(scoring, worker, request_of, scene):
    ears = Ears()
    scoring.start(request_of(), ears)
    scoring.abandon()
    assert worker.cancelled == 1
    scene.Clear(False)
    worker.run()
    assert (ears.records, ears.errors, ears.abandoned) == ([], [], 1)
    assert records_of(scene) == []


def test_after_an_abandoned_request_the_next_is_heard(scoring, worker, request_of):
    scoring.start(request_of(), Ears())
    scoring.abandon()
    worker.fail(cancelled())
    ears = Ears()
    scoring.start(request_of(), ears)
    worker.run()
    assert len(ears.records) == 1


def test_an_answer_for_changed_segments_is_refused(scoring, worker, request_of, a_segmentation_node, scene):
    ears = Ears()
    scoring.start(request_of(), ears)
    segmentation = a_segmentation_node.GetSegmentation()
    segmentation.RemoveSegment(segmentation.GetNthSegmentID(0))
    worker.run()
    (error,) = ears.errors
    assert isinstance(error, InputError)
    assert error.remedy == "Score again."
    assert records_of(scene) == []


def test_a_damaged_result_is_told_and_nothing_is_shown(scoring, worker, request_of, scene):
    ears = Ears()
    scoring.start(request_of(), ears)
    assert main(worker.commands[0]) == 0
    (Path(worker.option("--output")) / "patient.json").write_text("{", encoding="utf-8")
    worker.callbacks[1](Finished())
    assert "patient.json" in ears.errors[0].what
    assert records_of(scene) == []


def test_a_fault_while_showing_is_told_and_still_raised(scoring, worker, request_of, monkeypatch):
    def broken(*_arguments):
        raise ZeroDivisionError

    monkeypatch.setattr("prognosis_slicer.lesion_risk.scoring.show", broken)
    ears = Ears()
    scoring.start(request_of(), ears)
    with pytest.raises(ZeroDivisionError):
        worker.run()
    assert "console" in ears.errors[0].remedy
    assert not scoring.applying


@pytest.mark.parametrize("lacking", [[], ["torch"]], ids=["all installed", "torch is missing"])
def test_the_worker_is_warmed_up_only_where_nothing_is_to_be_installed(worker, lacking):
    installer = ToyInstaller()
    installer.lacking = lacking
    Scoring(worker, installer).prepare()
    assert worker.warm is (not lacking)
    assert installer.asked == 0


def test_a_failure_is_passed_on(scoring, worker, request_of):
    ears = Ears()
    scoring.start(request_of(), ears)
    error = PrognosisError("No model was found.", remedy="Install one.")
    worker.fail(error)
    assert ears.errors == [error]


def test_nothing_is_written_when_packages_are_declined(worker, request_of):
    installer = ToyInstaller(CancelledError("The packages were not installed."))
    with pytest.raises(CancelledError):
        Scoring(worker, installer).start(request_of(), Ears())
    assert installer.asked == 1
    assert worker.commands == []


def test_inputs_that_cannot_be_used_leave_no_folder(scoring, request_of, a_segmentation_node, tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis_slicer.worker.folders.tempfile.gettempdir", lambda: str(tmp_path))
    empty = a_segmentation_node.GetSegmentation().AddEmptySegment("", "empty")
    with pytest.raises(InputError, match="empty"):
        scoring.start(request_of(segment_ids=(empty,)), Ears())
    assert list(tmp_path.iterdir()) == []
    assert not scoring.busy


def test_a_worker_that_cannot_start_leaves_no_folder(scoring, worker, request_of, tmp_path, monkeypatch):
    monkeypatch.setattr("prognosis_slicer.worker.folders.tempfile.gettempdir", lambda: str(tmp_path))
    worker.refusal = UsageError("Python cannot be started.")
    with pytest.raises(UsageError):
        scoring.start(request_of(), Ears())
    assert list(tmp_path.iterdir()) == []


def test_two_requests_at_once_are_refused(scoring, request_of):
    scoring.start(request_of(), Ears())
    with pytest.raises(UsageError, match="being scored"):
        scoring.start(request_of(), Ears())


def test_organs_are_handed_over_under_their_names(scoring, worker, request_of, a_ct_node, a_patient):
    organs = segmentation_node(a_patient.lesions, a_ct_node, "Organs")
    organs.GetSegmentation().GetNthSegment(0).SetName("liver")
    scoring.start(request_of(organs_id=organs.GetID()), Ears())
    image = read_volume(Path(worker.option("--image")))
    written = read_lesions(Path(worker.option("--organs")), image).lesions
    assert [organ.name for organ in written] == ["liver", a_patient.lesions[1].name]


def test_a_script_waits_for_the_result_or_hears_why_not(request_of, scene, monkeypatch):
    record = score_and_wait(request_of(), ToyInstaller())
    assert records_of(scene)[0].node is record.node
    with pytest.raises(PrognosisError, match="no-such-model"):
        score_and_wait(request_of(model="no-such-model"), ToyInstaller())
