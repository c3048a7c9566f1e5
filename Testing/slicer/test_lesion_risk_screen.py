"""SurvivalLesionRisk in a window on the PythonQt double, with the real command line behind it."""

import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import slicer
from lesion_risk_window import MODULE, KeptWorker, LesionRiskWindow, hand_worker, wait_until
from PyQt5 import QtCore
from PyQt5.QtTest import QTest
from slicer_host.pythonqt_double import dialogs, slot_errors
from slicer_host.scripted_modules import load_module

from prognosis.bundles.store import shipped_models_folder
from prognosis.cli.main import main
from prognosis.errors import CancelledError, PrognosisError
from prognosis.lesions.result_files import read_result
from prognosis_slicer import installing
from prognosis_slicer.scene.lesion_results import find_result
from prognosis_slicer.scene.result_record import records_of
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments
from prognosis_slicer.scene.volumes import write_image
from prognosis_slicer.worker.ticking import QtTicker


@pytest.fixture(scope="module")
def kept():
    """One worker for all windows of this file, as in one session of Slicer."""
    workers = []

    def worker(ticker=None):
        if not workers:
            workers.append(KeptWorker(ticker))
        return workers[0]

    yield worker
    for one in workers:
        one.end()


@pytest.fixture
def at_startup(host, monkeypatch):
    """What was connected to the end of the application's start."""
    calls = []
    monkeypatch.setattr(host.app, "connect", lambda signal, call: calls.append((signal, call)), raising=False)
    return calls


@pytest.fixture
def window(qt, at_startup, kept, monkeypatch):
    kept(QtTicker())
    hand_worker(monkeypatch, kept)
    window = LesionRiskWindow()
    yield window
    window.close()


@pytest.fixture
def ready(window, a_ct_node, a_segmentation_node):
    """The window with its inputs chosen."""
    window.choose(a_ct_node, a_segmentation_node)
    return window


@pytest.fixture
def nodes_before(ready, scene):
    return node_ids(scene)


def node_ids(scene):
    return {scene.GetNthNode(number).GetID() for number in range(scene.GetNumberOfNodes())}


def centres(scene):
    views = (scene.GetNodeByID(f"vtkMRMLSliceNode{name}") for name in ("Red", "Yellow", "Green"))
    return [[view.GetSliceToRAS().GetElement(row, 3) for row in range(3)] for view in views]


def test_a_scored_patient_is_shown_as_the_command_line_has_it(ready, a_ct_node, a_segmentation_node, tmp_path):
    assert ready.ui.scoreButton.enabled
    ready.photograph(tmp_path / "before.png")
    ready.score()
    record = find_result(a_segmentation_node)
    image = write_image(a_ct_node, tmp_path / "ct.nrrd")
    ids = tuple(a_segmentation_node.GetSegmentation().GetSegmentIDs())
    chosen = read_segments(a_segmentation_node, ids, image.geometry)
    write_lesions(chosen.lesions, image.geometry, tmp_path / "l.seg.nrrd")
    command = ["--image", tmp_path / "ct.nrrd", "--lesions", tmp_path / "l.seg.nrrd", "--output", tmp_path / "alone"]
    assert main(["lesions", "score", *map(str, command)]) == 0
    alone = read_result(tmp_path / "alone")
    assert record.patient.risk == pytest.approx(alone.risk, abs=1e-4)
    assert [lesion.risk for lesion in record.patient.lesions] == pytest.approx(
        [lesion.risk for lesion in alone.lesions], abs=1e-4
    )
    assert f"Patient risk {alone.risk:.2f}" in ready.ui.headlineLabel.text
    assert [row[0] for row in ready.rows] == [str(n + 1) for n in range(len(alone.lesions))]
    assert {row[2] for row in ready.rows} == {f"{lesion.risk:.2f}" for lesion in alone.lesions}
    assert "DEMONSTRATION" in ready.ui.demonstrationLabel.text
    assert ready.ui.demonstrationLabel.visible
    assert "not for diagnosis" in ready.ui.noticeLabel.text.lower()
    ready.photograph(tmp_path / "after.png")


def test_a_row_jumps_all_slice_views_and_marks_its_lesion(ready, a_segmentation_node, scene):
    ready.score()
    record = find_result(a_segmentation_node)
    lesion = next(each for each in record.patient.lesions if each.rank == 2)
    ready.click_row(1)
    for centre in centres(scene):
        assert centre == pytest.approx(lesion.centroid_ras, abs=1e-3)
    display = a_segmentation_node.GetDisplayNode()
    chosen, other = record.owners[lesion.label - 1], record.owners[2 - lesion.label]
    assert display.GetSegmentOpacity3D(chosen) > display.GetSegmentOpacity3D(other)
    ready.ui.endHighlightButton.click()
    assert display.GetSegmentOpacity3D(chosen) == display.GetSegmentOpacity3D(other)


def test_cancel_ends_within_two_seconds_and_leaves_the_scene_as_it_was(ready, nodes_before, scene):
    ready.ui.scoreButton.click()
    assert not ready.ui.scoreButton.enabled
    assert not ready.ui.imageSelector.enabled
    assert ready.ui.cancelButton.visible
    begin = time.monotonic()
    ready.ui.cancelButton.click()
    assert "Cancelling" in ready.ui.progressLabel.text
    ready.wait()
    assert time.monotonic() - begin < 2.0
    assert "Cancelled" in ready.ui.missingLabel.text
    assert not ready.ui.errorLabel.visible
    assert node_ids(scene) == nodes_before
    assert ready.ui.scoreButton.enabled


def test_closing_the_scene_while_it_runs_applies_nothing(ready, scene, kept):
    ready.start()
    scene.Clear(False)
    before = node_ids(scene)
    wait_until(lambda: not kept().busy)
    ready.look()
    assert node_ids(scene) == before
    assert records_of(scene) == []
    assert not ready.busy
    assert not ready.ui.errorLabel.visible
    assert ready.ui.imageSelector.enabled
    assert "Choose the CT" in ready.ui.missingLabel.text


@pytest.mark.parametrize("which", ["image", "lesions"])
def test_deleting_an_input_while_it_runs_applies_nothing(ready, scene, which, a_ct_node, a_segmentation_node):
    ready.start()
    scene.RemoveNode(a_ct_node if which == "image" else a_segmentation_node)
    before = node_ids(scene)
    ready.wait()
    assert node_ids(scene) == before
    assert "changed or removed meanwhile" in ready.ui.errorLabel.text
    assert not ready.ui.scoreButton.enabled


def test_editing_a_segment_while_it_runs_applies_nothing(ready, scene, a_segmentation_node):
    ready.start()
    erase_a_voxel(a_segmentation_node)
    ready.wait()
    assert records_of(scene) == []
    assert "Score again" in ready.ui.errorLabel.text
    ready.score()
    assert len(records_of(scene)) == 1
    assert not ready.ui.errorLabel.visible


def test_editing_a_segment_afterwards_is_said(ready, a_segmentation_node):
    ready.score()
    assert not ready.ui.staleLabel.visible
    erase_a_voxel(a_segmentation_node)
    ready.look()
    assert "Score again" in ready.ui.staleLabel.text
    assert ready.ui.staleLabel.visible


def test_a_result_of_another_choice_is_said(ready, scene, a_ct_node):
    ready.score()
    ready.tick(0, False)
    assert "other segments" in ready.ui.staleLabel.text
    ready.tick(0, True)
    assert not ready.ui.staleLabel.visible
    other = slicer.modules.volumes.logic().CloneVolume(scene, a_ct_node, "another CT")
    ready.ui.imageSelector.setCurrentNode(other)
    ready.look()
    assert "another CT" in ready.ui.staleLabel.text


def test_a_left_module_is_no_longer_bound_to_its_widgets(ready):
    node = ready.opened.widget.logic.getParameterNode().parameterNode
    ready.ui.splitCheckBox.checked = True
    before = {name: node.GetParameter(name) for name in node.GetParameterNames()}
    ready.opened.exit()
    ready.ui.splitCheckBox.checked = False
    assert {name: node.GetParameter(name) for name in node.GetParameterNames()} == before
    ready.opened.enter()
    assert ready.ui.splitCheckBox.checked


def test_results_go_with_their_segmentation(ready, scene, a_segmentation_node):
    ready.score()
    assert scene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 1
    scene.RemoveNode(a_segmentation_node)
    ready.look()
    assert records_of(scene) == []
    for kind in ("vtkMRMLLabelMapVolumeNode", "vtkMRMLTableNode", "vtkMRMLColorLegendDisplayNode"):
        assert scene.GetNumberOfNodesByClass(kind) == 0


def erase_a_voxel(node):
    segment_id = node.GetSegmentation().GetNthSegmentID(0)
    voxels = slicer.util.arrayFromSegmentInternalBinaryLabelmap(node, segment_id)
    value = node.GetSegmentation().GetSegment(segment_id).GetLabelValue()
    voxels[tuple(np.argwhere(voxels == value)[0])] = 0
    node.GetSegmentation().GetSegment(segment_id).GetRepresentation("Binary labelmap").Modified()
    node.GetSegmentation().InvokeEvent(slicer.vtkSegmentation.SourceRepresentationModified)


@pytest.mark.parametrize("ending", ["mrb", "mrml"])
def test_a_saved_scene_reopens_with_choices_and_results(ready, scene, tmp_path, ending, a_ct_node, a_segmentation_node):
    ready.tick(0, False)
    ready.score()
    ready.ui.contributionColourButton.click()
    ready.ui.opacitySlider.value = 0.35
    rows, headline = ready.rows, ready.ui.headlineLabel.text
    if ending == "mrml":
        for number, node in enumerate(slicer.util.getNodesByClass("vtkMRMLStorableNode")):
            if node.GetSaveWithScene() and node.AddDefaultStorageNode():
                segmentation = node.IsA("vtkMRMLSegmentationNode")
                suffix = "seg.nrrd" if segmentation else node.GetStorageNode().GetDefaultWriteFileExtension()
                slicer.util.saveNode(node, str(tmp_path / f"{number}.{suffix}"))
    assert slicer.util.saveScene(str(tmp_path / f"scene.{ending}"))
    scene.Clear(False)
    assert ready.ui.headlineLabel.text == "Nothing was scored yet."
    slicer.util.loadScene(str(tmp_path / f"scene.{ending}"))
    ready.look()
    assert ready.ui.imageSelector.currentNode().GetName() == "CT"
    assert ready.ui.lesionsSelector.currentNode().GetName() == "Lesions"
    assert list(ready.segments().values()) == [False, True]
    assert ready.rows == rows
    assert ready.ui.headlineLabel.text == headline
    assert ready.ui.contributionColourButton.checked
    assert ready.ui.opacitySlider.value == pytest.approx(0.35)
    assert ready.ui.reportButton.enabled
    dialogs.answer_with(str(tmp_path / "again.html"))
    ready.ui.reportButton.click()
    assert "DEMONSTRATION" in (tmp_path / "again.html").read_text(encoding="utf-8")


def test_packages_are_asked_for_when_score_is_pressed_and_not_before(ready, monkeypatch, scene):
    asked = []

    def refuse():
        asked.append(1)
        raise PrognosisError("Slicer's Python lacks torch.", remedy="Run this once: pip install torch")

    monkeypatch.setattr(installing, "ask_and_install", refuse)
    assert asked == []
    ready.score()
    assert asked == [1]
    assert ready.ui.errorLabel.text == "Slicer's Python lacks torch. Run this once: pip install torch"
    assert ready.ui.errorLabel.visible
    assert ready.ui.scoreButton.enabled
    assert records_of(scene) == []


def test_declining_the_packages_is_no_error(ready, monkeypatch):
    def decline():
        raise CancelledError("The packages were not installed.", remedy="Nothing can be computed without them.")

    monkeypatch.setattr(installing, "ask_and_install", decline)
    ready.score()
    assert "The packages were not installed" in ready.ui.missingLabel.text
    assert not ready.ui.errorLabel.visible
    assert ready.ui.scoreButton.enabled


def test_a_fault_of_the_module_is_shown_and_the_panel_stays_usable(ready, main_window, monkeypatch, scene):
    def broken():
        raise ZeroDivisionError("a fault")

    monkeypatch.setattr(installing, "ask_and_install", broken)
    ready.score()
    assert any("a fault" in text for text in dialogs.said)
    assert "ZeroDivisionError" in slot_errors.errors.pop()
    assert not ready.busy
    assert ready.ui.scoreButton.enabled
    assert records_of(scene) == []


def test_an_error_of_the_command_line_stands_in_the_panel_with_its_remedy(ready, tmp_path, scene):
    model = shutil.copytree(shipped_models_folder() / "lesions-demonstration", tmp_path / "model")
    dialogs.answer_with(str(model))
    ready.ui.chooseModelButton.click()
    assert ready.ui.modelSelector.currentText == "lesions-demonstration 1 (demonstration)"
    shutil.rmtree(model)
    ready.score()
    assert f"{model} is not a model folder. Give the folder" in ready.ui.errorLabel.text
    assert records_of(scene) == []


def test_a_folder_that_is_no_model_is_told_before_anything_runs(ready, tmp_path):
    dialogs.answer_with(str(tmp_path))
    ready.ui.chooseModelButton.click()
    ready.look()
    assert not ready.ui.scoreButton.enabled
    assert str(tmp_path) in ready.ui.missingLabel.text
    QTest.keyClick(ready.ui.modelSelector, QtCore.Qt.Key_Home)
    assert ready.ui.scoreButton.enabled


def test_models_and_their_cards_are_listed(ready):
    texts = [ready.ui.modelSelector.itemText(number) for number in range(ready.ui.modelSelector.count)]
    assert texts[0] == "Default: lesions-demonstration 1 (demonstration)"
    assert "lesions-demonstration 1 (demonstration)" in texts
    assert "Training data" in ready.ui.modelCardBrowser.plainText


OPEN_WITHOUT = """
import sys
sys.path.insert(0, sys.argv[1])
import conftest
from slicer_host.host import the_host

absent = sys.argv[2].split()

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in absent:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in [name for name in sys.modules if name.partition(".")[0] in ("prognosis", "prognosis_slicer", *absent)]:
    del sys.modules[name]
sys.meta_path.insert(0, Refuse())
the_host().app.connect = lambda *_ignored: None
from lesion_risk_window import LesionRiskWindow
window = LesionRiskWindow()
print(window.ui.modelSelector.currentText)
window.close()
"""


@pytest.mark.parametrize(
    "absent",
    [
        "torch monai pydicom highdicom filelock safetensors platformdirs matplotlib pandas jinja2",
        "platformdirs",
        "safetensors platformdirs",
    ],
)
def test_the_module_opens_where_packages_are_not_installed_yet(absent):
    command = [sys.executable, "-c", OPEN_WITHOUT, str(Path(__file__).parent), absent]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "Default: yours, else the demonstration"


def test_results_can_be_taken_away_and_segments_look_as_before(ready, nodes_before, scene, a_segmentation_node):
    segments = a_segmentation_node.GetSegmentation()
    colours = [segments.GetNthSegment(n).GetColor() for n in range(2)]
    ready.score()
    assert [segments.GetNthSegment(n).GetColor() for n in range(2)] != colours
    ready.ui.restoreButton.click()
    np.testing.assert_allclose([segments.GetNthSegment(n).GetColor() for n in range(2)], colours)
    assert node_ids(scene) == nodes_before
    assert ready.ui.headlineLabel.text == "Nothing was scored yet."


def test_leaving_the_module_does_not_stop_what_runs(ready, a_segmentation_node):
    ready.start()
    ready.opened.exit()
    ready.wait()
    assert find_result(a_segmentation_node) is not None
    ready.opened.enter()
    assert "Patient risk" in ready.ui.headlineLabel.text


def test_organs_and_islands_are_handed_over(ready, scene, a_ct_node, a_segmentation_node, a_patient):
    organs = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Organs")
    organs.CreateDefaultDisplayNodes()
    organs.GetSegmentation().DeepCopy(a_segmentation_node.GetSegmentation())
    for number in range(2):
        organs.GetSegmentation().GetNthSegment(number).SetName("liver")
    ready.choose(a_ct_node, a_segmentation_node, organs)
    ready.ui.splitCheckBox.click()
    ready.score()
    assert [row[6] for row in ready.rows] == ["liver", "liver"]
    assert not ready.ui.lesionTable.isColumnHidden(6)


def test_sample_data_are_registered_and_drawn_when_asked_for(window, at_startup, monkeypatch):
    ((signal, register),) = at_startup
    assert signal == "startupCompleted()"
    register()
    import SampleData

    source = SampleData.registered[-1]
    assert source["sampleName"] == "SurvivalLesionRiskPhantom"
    assert Path(source["thumbnailFileName"]).is_file()
    image, lesions = source["customDownloader"](None)
    window.look()
    assert window.ui.imageSelector.nodeCount() == 1
    window.choose(image, lesions)
    assert window.ui.scoreButton.enabled


def test_the_self_test_passes(qt, at_startup):
    module = load_module(MODULE)
    module.SurvivalLesionRiskTest().runTest()
