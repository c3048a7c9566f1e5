"""The panel around results that were made without the network: table, colours, display, export."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
from lesion_risk_window import LesionRiskWindow, hand_worker
from making_results import a_result, a_result_folder, as_demonstration
from slicer_host.making_nodes import SMALL, a_small_patient, segmentation_node, volume_node
from slicer_host.pythonqt_double import dialogs

from prognosis_slicer.scene.lesion_results import find_result
from prognosis_slicer.scene.result_record import Role
from prognosis_slicer.scene.segments import read_segments
from prognosis_slicer.scene.volumes import image_geometry

RISKS = [-0.5, 1.5, None, 0.25, 11.0]


@pytest.fixture(scope="session")
def a_sick_patient():
    """Five lesions."""
    return next(
        patient
        for patient in (a_small_patient(index, replace(SMALL, median_lesions=6)) for index in range(40))
        if len(patient.lesions) == len(RISKS)
    )


@pytest.fixture
def inputs(scene, a_sick_patient):
    image = volume_node(a_sick_patient.image)
    slicer.util.setSliceViewerLayers(background=image, fit=True)
    return image, segmentation_node(a_sick_patient.lesions, image)


class IdleWorker:
    """Is never asked to score here."""

    busy = False

    def __init__(self, ticker):
        """Needs none."""

    def warm_up(self):
        """Has nothing to load."""

    def close(self):
        """Has nothing to end."""

    def cancel(self):
        """Has nothing to stop."""


@pytest.fixture
def no_worker(host, monkeypatch):
    monkeypatch.setattr(host.app, "connect", lambda *_ignored: None, raising=False)
    hand_worker(monkeypatch, IdleWorker)


@pytest.fixture
def window(qt, no_worker):
    window = LesionRiskWindow()
    yield window
    window.close()


@pytest.fixture
def show(window, inputs, tmp_path):
    """Show a result with the risks above, as scoring does."""

    def show(change=lambda patient: patient):
        from prognosis_slicer.lesion_risk.results import show as show_in_scene

        image, lesions = inputs
        geometry = image_geometry(image)
        chosen = read_segments(lesions, tuple(lesions.GetSegmentation().GetSegmentIDs()), geometry)
        patient = change(a_result(chosen, RISKS))
        folder = a_result_folder(tmp_path / "result", chosen, patient, geometry)
        for name in ("lesions.csv", "patient.json", "risk_labels.ctbl", "report.html"):
            (folder / name).write_text(f"the {name} of the command line\r\n", encoding="utf-8", newline="")
        record = show_in_scene(patient, folder, chosen.segment_ids, image, lesions)
        window.choose(image, lesions)
        window.opened.enter()
        return record

    return show


def column(window, number):
    return [row[number] for row in window.rows]


def test_rows_stand_by_rank_and_those_not_scored_last_and_grey(window, show):
    record = show()
    assert column(window, 0) == ["1", "2", "3", "4", "–"]
    assert column(window, 2) == ["11.00", "1.50", "0.25", "-0.50", "–"]
    last = window.ui.lesionTable.model().item(4, 1)
    assert last.foreground().color().name() == "#808080"
    assert "not scored: too small" in last.toolTip()
    assert record.patient.warnings[0] in window.ui.warningsLabel.text


def test_numbers_sort_as_numbers(window, show, qt):
    show()
    window.ui.lesionTable.sortByColumn(2, qt.Qt.AscendingOrder)
    assert column(window, 2) == ["-0.50", "0.25", "1.50", "11.00", "–"]


def test_a_row_is_found_after_sorting(window, show, qt, scene):
    record = show()
    window.ui.lesionTable.sortByColumn(2, qt.Qt.AscendingOrder)
    window.click_row(3)
    matrix = scene.GetNodeByID("vtkMRMLSliceNodeGreen").GetSliceToRAS()
    centre = [matrix.GetElement(row, 3) for row in range(3)]
    assert centre == pytest.approx(record.patient.lesions[4].centroid_ras, abs=1e-3)


def test_swatches_have_the_colours_of_the_scene(window, show, inputs):
    show()
    icon = window.ui.lesionTable.model().item(0, 1).icon()
    seen = icon.pixmap(14, 14).toImage().pixelColor(7, 7)
    segment = inputs[1].GetSegmentation().GetNthSegment(RISKS.index(11.0))
    np.testing.assert_allclose(seen.getRgbF()[:3], segment.GetColor(), atol=0.01)
    window.ui.contributionColourButton.click()
    assert find_result(inputs[1]).find(Role.LEGEND).GetTitleText().startswith("contribution")


def test_patient_risk_and_survival_are_told_in_words(window, show):
    show()
    assert (
        window.ui.headlineLabel.text == "Patient risk 6.12 — higher than 60 % of patients the model was calibrated on."
    )
    assert "1 year 90 %; 2 years 70 %; 5 years beyond the training follow-up" in window.ui.survivalLabel.text
    assert not window.ui.lesionTable.isColumnHidden(3)


def test_a_demonstration_model_shows_order_only_and_is_marked(window, show):
    show(as_demonstration)
    assert "for ranking only" in window.ui.headlineLabel.text
    assert "No survival is shown" in window.ui.survivalLabel.text
    assert window.ui.lesionTable.isColumnHidden(3)
    assert not window.ui.percentileSlider.enabled
    assert window.ui.demonstrationLabel.visible


def test_demonstration_numbers_come_with_a_warning(window, show):
    show(as_demonstration)
    assert window.ui.demonstrationNumbersCheckBox.visible
    assert not window.ui.demonstrationNumbersLabel.visible
    window.ui.demonstrationNumbersCheckBox.click()
    assert "nothing about a patient" in window.ui.demonstrationNumbersLabel.text
    assert window.ui.demonstrationNumbersLabel.visible


def test_opacity_fill_and_legend_follow_the_widgets(window, show, scene):
    record = show()
    view = scene.GetNodeByID("vtkMRMLSliceCompositeNodeRed")
    labels = record.find(Role.LABELS).GetID()
    window.ui.opacitySlider.value = 0.3
    assert (view.GetLabelVolumeID(), view.GetLabelOpacity()) == (labels, pytest.approx(0.3))
    window.ui.labelMapCheckBox.click()
    assert view.GetLabelVolumeID() != labels
    assert not window.ui.opacitySlider.enabled
    window.ui.labelMapCheckBox.click()
    assert (view.GetLabelVolumeID(), view.GetLabelOpacity()) == (labels, pytest.approx(0.3))
    window.ui.legendCheckBox.click()
    assert not record.find(Role.LEGEND).GetVisibility()


def test_only_lesions_from_a_percentile_on_are_shown(window, show, inputs):
    record = show()
    window.ui.percentileSlider.value = 90
    display = inputs[1].GetDisplayNode()
    assert [display.GetSegmentVisibility(each) for each in record.owners] == [False, True, False, False, True]
    window.ui.percentileSlider.value = 0
    assert all(display.GetSegmentVisibility(each) for each in record.owners)


def test_names_are_taken_literally(window, show, inputs):
    inputs[1].GetSegmentation().GetNthSegment(4).SetName("<b>bold</b> & co")
    show()
    assert column(window, 1)[0] == "<b>bold</b> & co"
    assert "<b>bold</b> & co" in window.segments()


@pytest.mark.parametrize(
    ("button", "name"), [("tableButton", "lesions.csv"), ("reportButton", "report.html")], ids=["table", "report"]
)
def test_files_are_saved_as_the_command_line_wrote_them(window, show, tmp_path, button, name):
    show()
    dialogs.answer_with(str(tmp_path / Path(name).stem))
    getattr(window.ui, button).click()
    assert (tmp_path / name).read_bytes() == f"the {name} of the command line\r\n".encode()
    assert str(tmp_path / name) in window.ui.exportLabel.text


def test_the_label_map_is_saved_where_the_ct_lies(window, show, tmp_path, a_sick_patient):
    record = show()
    dialogs.answer_with(str(tmp_path / "mine.nrrd"))
    window.ui.labelMapButton.click()
    saved = sitk.ReadImage(str(tmp_path / "mine.nrrd"))
    assert saved.GetPixelID() == sitk.sitkUInt16
    np.testing.assert_array_equal(sitk.GetArrayFromImage(saved), slicer.util.arrayFromVolume(record.find(Role.LABELS)))
    np.testing.assert_allclose(saved.GetOrigin(), a_sick_patient.image.geometry.origin)
    np.testing.assert_allclose(saved.GetDirection(), a_sick_patient.image.geometry.direction)
    assert (tmp_path / "mine.ctbl").is_file()


def test_everything_is_saved_into_a_new_folder_each_time(window, show, tmp_path):
    show()
    for _turn in range(2):
        dialogs.answer_with(str(tmp_path))
        window.ui.allButton.click()
    names = {"lesions.csv", "patient.json", "report.html", "risk_labels.nrrd", "risk_labels.ctbl"}
    for folder in ("lesion-risks", "lesion-risks-2"):
        assert {path.name for path in (tmp_path / folder).iterdir()} == names


def test_a_place_that_cannot_be_written_is_told(window, show, tmp_path):
    show()
    (tmp_path / "file").write_text("", encoding="utf-8")
    dialogs.answer_with(str(tmp_path / "file" / "table.csv"))
    window.ui.tableButton.click()
    assert "cannot be written" in window.ui.errorLabel.text
    dialogs.answer_with(str(tmp_path / "nowhere"))
    window.ui.allButton.click()
    assert "cannot be written" in window.ui.errorLabel.text


def test_nothing_happens_when_a_dialog_is_dismissed(window, show, tmp_path):
    show()
    before = sorted(tmp_path.rglob("*"))
    for button in ("tableButton", "labelMapButton", "reportButton", "allButton"):
        dialogs.answer_with("")
        getattr(window.ui, button).click()
    assert sorted(tmp_path.rglob("*")) == before
    assert not window.ui.errorLabel.visible


def test_without_a_result_nothing_can_be_exported_or_displayed(window, inputs):
    window.choose(*inputs)
    for name in ("tableButton", "allButton", "restoreButton", "opacitySlider", "legendCheckBox"):
        assert not getattr(window.ui, name).enabled


def test_a_result_that_somebody_deletes_node_by_node_raises_nothing(window, show, scene):
    record = show()
    for role in (Role.LEGEND, Role.TABLE, Role.LABELS, Role.COLOURS):
        scene.RemoveNode(record.find(role))
        window.look()
    window.ui.contributionColourButton.click()
    window.ui.opacitySlider.value = 0.2
    window.ui.legendCheckBox.click()
    window.click_row(1)
    window.ui.restoreButton.click()
    assert window.ui.headlineLabel.text == "Nothing was scored yet."


def test_ticks_and_buttons_for_all_and_none(window, inputs):
    window.choose(*inputs)
    assert all(window.segments().values())
    window.tick(1, False)
    assert window.ui.segmentCountLabel.text == "4 of 5"
    window.ui.noSegmentsButton.click()
    assert window.ui.segmentCountLabel.text == "0 of 5"
    assert "Tick at least one segment" in window.ui.missingLabel.text
    assert "Tick at least one segment" in window.ui.scoreButton.toolTip
    assert not window.ui.scoreButton.enabled
    window.ui.allSegmentsButton.click()
    assert window.ui.scoreButton.enabled


def test_a_segment_drawn_while_the_panel_is_open_appears(window, inputs):
    window.choose(*inputs)
    inputs[1].GetSegmentation().AddEmptySegment("", "heart")
    window.look()
    assert window.segments()["heart"] is False


def test_the_panel_fits_into_450_pixels(window, show, qt):
    show()
    assert window.panel.minimumSizeHint.width() <= 450


def test_observers_are_gone_when_the_module_closes(qt, no_worker, inputs):
    window = LesionRiskWindow()
    window.choose(*inputs)
    screen = window.opened.widget.screen
    window.close()
    assert list(screen.Observations) == []
