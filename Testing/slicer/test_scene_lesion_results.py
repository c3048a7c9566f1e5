"""A result in the scene: what is shown, what a saved scene keeps, and that it goes without a trace."""

import gzip

import numpy as np
import pytest
import slicer
import vtk
from making_results import a_result, a_result_folder, as_demonstration
from slicer_host.making_nodes import segmentation_node, volume_node

from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.lesions.colours import colour_of_percentile
from prognosis_slicer.scene import lesion_results as results
from prognosis_slicer.scene.lesion_table import lesion_of_row
from prognosis_slicer.scene.result_record import RESULT_ATTRIBUTE, Role, records_of
from prognosis_slicer.scene.risk_colours import Quantity
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import image_geometry

_DIRECTION = (0.96, -0.28, 0.0, 0.28, 0.96, 0.0, 0.0, 0.0, 1.0)
_GEOMETRY = Geometry((40, 36, 30), (1.2, 1.1, 2.0), (-31.5, 12.25, 403.0), _DIRECTION)
_RISKS = [1.0, -1.5, None, 0.0]


@pytest.fixture
def a_ct(scene):
    array = np.random.default_rng(1).integers(-1000, 500, _GEOMETRY.shape).astype(np.int16)
    return volume_node(Volume(array, _GEOMETRY))


@pytest.fixture
def lesions(a_ct):
    """Four blocks, the last over a part of the first."""
    corners = ((5, 5, 5), (20, 20, 20), (30, 5, 12), (8, 8, 7))
    masks = [
        LesionMask(n, f"Läsion {n}", np.ones((4, 6, 5), bool), _GEOMETRY.crop(corner, (5, 6, 4)))
        for n, corner in enumerate(corners, start=1)
    ]
    return segmentation_node(masks, a_ct)


@pytest.fixture
def chosen(a_ct, lesions):
    return read_segments(lesions, list(segment_names(lesions)), image_geometry(a_ct))


@pytest.fixture
def show(a_ct, lesions, chosen, tmp_path):
    """Shows a result of these risks, changed as told."""

    def show_risks(risks=_RISKS, demonstration=False, quantity=Quantity.RISK):
        patient = a_result(chosen, risks)
        patient = as_demonstration(patient) if demonstration else patient
        folder = a_result_folder(tmp_path / "result", chosen, patient, image_geometry(a_ct))
        return results.show_result(patient, folder, chosen.owners(), a_ct, lesions, quantity)

    return show_risks


def _colours_of_segments(lesions):
    segmentation = lesions.GetSegmentation()
    return [np.round(np.multiply(segmentation.GetNthSegment(n).GetColor(), 255)).tolist() for n in range(4)]


def _snapshot(scene):
    """What a result could touch: all nodes with their content, and the items of the hierarchy."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    nodes = {}
    for number in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(number)
        if not node.IsA("vtkMRMLSubjectHierarchyNode"):
            lines = str(node).splitlines()
            nodes[node.GetID()] = [line for line in lines if "Time" not in line and "0x" not in line]
    ids = vtk.vtkIdList()
    hierarchy.GetItemChildren(hierarchy.GetSceneItemID(), ids, True)
    items = (ids.GetId(number) for number in range(ids.GetNumberOfIds()))
    return nodes, [(hierarchy.GetItemName(item), hierarchy.GetItemParent(item)) for item in items]


def test_the_label_map_lies_on_the_ct(show, a_ct, tmp_path):
    labels = show().find(Role.LABELS)
    written = read_volume(tmp_path / "result" / "risk_labels.nrrd")
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(labels), written.array)
    np.testing.assert_allclose(
        slicer.util.arrayFromVTKMatrix(_ijk_to_ras(labels)),
        slicer.util.arrayFromVTKMatrix(_ijk_to_ras(a_ct)),
        atol=1e-6,
    )
    assert slicer.util.arrayFromVolume(labels).dtype == np.uint16
    assert slicer.util.arrayFromVolume(labels)[8, 9, 9] == 1, "the higher risk is painted over the lower"


def _ijk_to_ras(node):
    matrix = slicer.util.vtkMatrixFromArray(np.eye(4))
    node.GetIJKToRASMatrix(matrix)
    return matrix


def test_table_and_colours_agree(show, lesions):
    record = show()
    table, colours = record.find(Role.TABLE), record.find(Role.COLOURS)
    assert record.find(Role.LABELS).GetDisplayNode().GetColorNode() is colours
    seen = []
    for row in range(table.GetNumberOfRows()):
        label = lesion_of_row(table, row)
        lesion = record.patient.lesions[label - 1]
        rgba = [0.0] * 4
        colours.GetColor(label, rgba)
        np.testing.assert_allclose(np.multiply(rgba[:3], 255), lesion.colour, atol=0.51)
        assert _colours_of_segments(lesions)[label - 1] == list(lesion.colour)
        assert colours.GetColorName(label) == lesion.name
        seen.append((table.GetCellText(row, 0), table.GetCellText(row, 2)))
    assert seen == [("1", "Läsion 1"), ("2", "Läsion 4"), ("3", "Läsion 2"), ("0", "Läsion 3")]
    assert [lesion_of_row(table, row) for row in (-1, 4)] == [None, None]


def test_columns_of_the_table_have_types(show):
    record = show()
    table = record.find(Role.TABLE).GetTable()
    kinds = {table.GetColumnName(n): table.GetColumn(n).GetClassName() for n in range(table.GetNumberOfColumns())}
    assert kinds["rank"] == kinds["lesion"] == "vtkIntArray"
    assert kinds["risk"] == kinds["volume_mm3"] == kinds["percentile"] == "vtkDoubleArray"
    assert kinds["name"] == kinds["flags"] == "vtkStringArray"
    risks = slicer.util.arrayFromTableColumn(record.find(Role.TABLE), "risk")
    np.testing.assert_array_equal(risks, [1.0, 0.0, -1.5, np.nan])


def test_contribution_is_coloured_and_named_when_asked_for(show, lesions):
    record = show(quantity=Quantity.CONTRIBUTION)
    assert results.quantity_of(record) is Quantity.CONTRIBUTION
    assert "contribution" in record.find(Role.LEGEND).GetTitleText()
    # r x s is 0.5, -0.75 and 0 of at most 2: places 62.5, 31.25 and 50 on the scale.
    assert _colours_of_segments(lesions) == [
        list(colour_of_percentile(62.5)),
        list(colour_of_percentile(31.25)),
        [128, 128, 128],
        list(colour_of_percentile(50)),
    ]
    results.colour_by(record, Quantity.RISK)
    assert record.find(Role.LEGEND).GetTitleText() == "risk percentile"
    assert _colours_of_segments(lesions)[0] == list(record.patient.lesions[0].colour)


def test_the_legend_shows_the_whole_scale(show):
    legend = show().find(Role.LEGEND)
    drawn = legend.GetPrimaryDisplayNode()  # Slicer draws a legend in its owner's colours, not in its own
    rgba = [0.0] * 4
    for percentile in (0, 37, 100):
        drawn.GetColorNode().GetColor(percentile, rgba)
        np.testing.assert_allclose(np.multiply(rgba[:3], 255), colour_of_percentile(percentile), atol=0.51)
    assert drawn.GetScalarRange() == legend.GetScalarRange() == (0.0, 100.0)
    assert drawn.GetVisibility()
    assert legend.GetVisibility()


def test_everything_lies_in_one_folder_of_the_cts_study(scene, a_ct, show):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "CT study")
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(a_ct), study)
    record = show()
    folders = {
        hierarchy.GetItemParent(hierarchy.GetItemByDataNode(record.find(role)))
        for role in (Role.LABELS, Role.TABLE, Role.SURVIVAL_TABLE, Role.SURVIVAL_SERIES, Role.SURVIVAL_CHART)
    }
    (folder,) = folders
    assert hierarchy.GetItemParent(folder) == study
    assert hierarchy.GetItemName(folder) == "Lesion risks of Lesions"


def test_the_curve_goes_down_in_steps(show):
    record = show()
    table = record.find(Role.SURVIVAL_TABLE)
    years, survival = (slicer.util.arrayFromTableColumn(table, name) for name in ("years", "survival_percent"))
    np.testing.assert_allclose(years * 365.25, [0, 200, 200, 400, 400, 900, 900])
    np.testing.assert_allclose(survival, [100, 100, 90, 90, 70, 70, 40])
    chart = record.find(Role.SURVIVAL_CHART)
    assert chart.GetNthPlotSeriesNode(0) is record.find(Role.SURVIVAL_SERIES)
    assert "Research use only" in chart.GetTitle()


def test_a_demonstration_is_marked_wherever_it_shows(scene, show):
    record = show(demonstration=True)
    assert record.find(Role.SURVIVAL_CHART) is None
    for role in (Role.LABELS, Role.COLOURS, Role.TABLE, Role.LEGEND):
        node = record.find(role)
        assert "DEMONSTRATION MODEL" in node.GetName()
        assert "Research use only" in node.GetDescription()
    assert record.find(Role.LEGEND).GetTitleText() == "risk, low to high\nDEMONSTRATION MODEL"
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(record.find(Role.TABLE)))
    assert "DEMONSTRATION MODEL" in hierarchy.GetItemName(folder)
    with pytest.raises(UsageError, match="no percentiles"):
        results.show_only_above(record, 50.0)


def test_only_lesions_above_a_percentile(show, lesions):
    record, display = show(), lesions.GetDisplayNode()
    first, second, third, fourth = segment_names(lesions)
    display.SetSegmentVisibility(fourth, False)
    results.show_only_above(record, 45.0)
    assert [display.GetSegmentVisibility(s) for s in (first, second, third, fourth)] == [True, False, False, False]
    assert _opacities(record) == [1.0, 0.0, 0.0, 1.0]
    results.show_only_above(record, 5.0)
    assert [display.GetSegmentVisibility(s) for s in (first, second, third, fourth)] == [True, True, False, False]
    assert results.least_percentile(record) == 5.0
    results.show_only_above(record, None)
    assert [display.GetSegmentVisibility(s) for s in (first, second, third, fourth)] == [True, True, True, False]
    assert _opacities(record) == [1.0] * 4


def _opacities(record):
    rgba, found = [0.0] * 4, []
    for label in (1, 2, 3, 4):
        record.find(Role.COLOURS).GetColor(label, rgba)
        found.append(rgba[3])
    return found


def test_views_of_this_ct_show_the_labels_and_others_do_not(host, scene, a_ct, show):
    other = volume_node(Volume(np.zeros(_GEOMETRY.shape, np.int16), _GEOMETRY), "another CT")
    views = {name: logic.GetSliceCompositeNode() for name, logic in host.layout.slice_logics.items()}
    for name, view in views.items():
        view.SetBackgroundVolumeID(other.GetID() if name == "Green" else a_ct.GetID())
    record = show()
    labels = record.find(Role.LABELS).GetID()
    assert [views[name].GetLabelVolumeID() for name in ("Red", "Yellow", "Green")] == [labels, labels, None]
    results.set_opacity(record, 0.25)
    assert (views["Red"].GetLabelOpacity(), results.opacity_of(record)) == (0.25, 0.25)
    results.set_opacity(record, 0.0)
    assert [view.GetLabelVolumeID() for view in views.values()] == [None] * 3
    assert views["Red"].GetLabelOpacity() == 1.0


def test_segments_keep_their_outlines_under_the_labels(host, a_ct, lesions, show):
    slicer.util.setSliceViewerLayers(background=a_ct)
    record, display = show(), lesions.GetDisplayNode()
    assert (display.GetVisibility2DFill(), display.GetVisibility2DOutline()) == (0, 1)
    results.set_opacity(record, 0.0)
    assert display.GetVisibility2DFill() == 1


def test_jumping_centres_all_views_and_brings_the_lesion_forward(host, scene, a_ct, lesions, chosen, show):
    record, display = show(), lesions.GetDisplayNode()
    first, second, *_ = segment_names(lesions)
    display.SetSegmentOpacity2DOutline(first, 0.8)
    results.jump_to(record, 2)
    centre = chosen.lesions[1].centroid * (-1, -1, 1)
    for logic in host.layout.slice_logics.values():
        matrix = slicer.util.arrayFromVTKMatrix(logic.GetSliceNode().GetSliceToRAS())
        np.testing.assert_allclose(matrix[:3, 3], centre, atol=1e-3)
    assert results.selected_lesion(record) == 2
    assert display.GetSegmentOpacity2DOutline(first) < 0.3 < display.GetSegmentOpacity2DOutline(second)
    results.jump_to(record, 1)
    assert display.GetSegmentOpacity2DOutline(first) == pytest.approx(0.8)
    results.highlight(record, None)
    assert [display.GetSegmentOpacity2DOutline(s) for s in (first, second)] == pytest.approx([0.8, 1.0])
    with pytest.raises(UsageError, match="no lesion 9"):
        results.jump_to(record, 9)


def test_a_removed_result_leaves_the_scene_as_it_was(host, scene, a_ct, lesions, show):
    slicer.util.setSliceViewerLayers(background=a_ct)
    lesions.GetDisplayNode().SetSegmentVisibility(next(iter(segment_names(lesions))), False)
    warm = show()
    results.remove_result(warm)
    before, colours = _snapshot(scene), _colours_of_segments(lesions)
    record = show()
    results.colour_by(record, Quantity.CONTRIBUTION)
    results.show_only_above(record, 45.0)
    results.jump_to(record, 2)
    results.remove_result(record)
    after = _snapshot(scene)
    jumped = {node_id for node_id in before[0] if node_id.startswith(("vtkMRMLSliceNode", "vtkMRMLModelNode"))}
    assert set(after[0]) == set(before[0])
    assert {n for n in before[0] if after[0][n] != before[0][n]} <= jumped
    assert after[1] == before[1]
    assert _colours_of_segments(lesions) == colours
    assert results.find_result(lesions) is None


def test_scoring_again_replaces_its_own_results_only(scene, a_ct, lesions, show):
    mine = scene.AddNewNodeByClass("vtkMRMLTableNode", "lesion risks")
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    first = show()
    count = scene.GetNumberOfNodes()
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(first.find(Role.TABLE)))
    hierarchy.SetItemParent(hierarchy.GetItemByDataNode(mine), folder)
    second = show([-1.0, 1.0, 0.5, None])
    assert scene.GetNumberOfNodes() == count
    assert results.results_of(lesions) == [second] or len(results.results_of(lesions)) == 1
    assert results.find_result(lesions).patient.lesions[1].risk == 1.0
    assert scene.GetNodeByID(mine.GetID()) is mine
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(mine)) == folder, "a folder in use stays"


def test_a_colour_somebody_chose_since_stays(show, lesions):
    before = _colours_of_segments(lesions)
    record = show()
    lesions.GetSegmentation().GetNthSegment(0).SetColor(0.0, 1.0, 0.0)
    results.remove_result(record)
    assert _colours_of_segments(lesions) == [[0, 255, 0], *before[1:]]


def test_a_result_of_other_lesions_is_refused(scene, a_ct, lesions, chosen, show, tmp_path):
    kept = show()
    count = scene.GetNumberOfNodes()
    patient = a_result(chosen, _RISKS)
    with pytest.raises(InputError, match="4 lesions and the segmentation 3"):
        results.show_result(patient, tmp_path / "result", chosen.owners()[:3], a_ct, lesions)
    assert scene.GetNumberOfNodes() == count
    assert results.find_result(lesions).node is kept.node


@pytest.mark.parametrize("damage", ["missing", "cut", "another kind", "no image"])
def test_a_damaged_label_map_changes_nothing(scene, a_ct, lesions, chosen, show, tmp_path, damage):
    show()
    count, colours = scene.GetNumberOfNodes(), _colours_of_segments(lesions)
    path = tmp_path / "result" / "risk_labels.nrrd"
    if damage == "missing":
        path.unlink()
    elif damage == "cut":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "another kind":
        header, _ = path.read_bytes().split(b"\n\n", 1)
        zeros = gzip.compress(bytes(4 * np.prod(_GEOMETRY.size)))
        path.write_bytes(header.replace(b"unsigned short", b"float") + b"\n\n" + zeros)
    else:
        path.write_text("no image")
    with pytest.raises(InputError, match="Score the patient again"):
        results.show_result(a_result(chosen, _RISKS), path.parent, chosen.owners(), a_ct, lesions)
    assert (scene.GetNumberOfNodes(), _colours_of_segments(lesions)) == (count, colours)


@pytest.mark.parametrize("name", ["scene.mrb", "scene.mrml"])
def test_a_saved_scene_reopens_with_the_result(host, scene, a_ct, lesions, show, tmp_path, name):
    slicer.util.setSliceViewerLayers(background=a_ct)
    record = show()
    results.colour_by(record, Quantity.CONTRIBUTION)
    results.jump_to(record, 2)
    expected, colours = record.patient, _colours_of_segments(lesions)
    _save(scene, tmp_path, name)
    scene.Clear(False)
    assert not scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode")
    slicer.util.loadScene(str(tmp_path / name))

    lesions = slicer.util.getNode("Lesions")
    record = results.find_result(lesions)
    assert record.patient == expected
    assert results.quantity_of(record) is Quantity.CONTRIBUTION
    assert results.selected_lesion(record) == 2
    assert record.find(Role.IMAGE) is slicer.util.getNode("CT")
    assert _colours_of_segments(lesions) == colours
    labels = record.find(Role.LABELS)
    assert set(np.unique(slicer.util.arrayFromVolume(labels))) == {0, 1, 2, 3, 4}
    assert labels.GetDisplayNode().GetColorNode() is record.find(Role.COLOURS)
    assert record.find(Role.COLOURS).GetColorName(3) == "Läsion 3"
    table = record.find(Role.TABLE)
    assert [lesion_of_row(table, row) for row in range(4)] == [1, 4, 2, 3]
    assert table.GetTable().GetColumnByName("risk").GetDataType() == vtk.VTK_DOUBLE
    assert "contribution" in record.find(Role.LEGEND).GetTitleText()
    assert record.find(Role.LEGEND).GetPrimaryDisplayNode().GetColorNode() is record.find(Role.LEGEND_COLOURS)
    assert record.find(Role.SURVIVAL_CHART).GetNthPlotSeriesNode(0) is record.find(Role.SURVIVAL_SERIES)
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    folder = hierarchy.GetItemParent(hierarchy.GetItemByDataNode(labels))
    assert hierarchy.GetItemName(folder) == "Lesion risks of Lesions"
    results.remove_result(record)
    assert not hierarchy.GetItemChildWithName(hierarchy.GetSceneItemID(), "Lesion risks of Lesions")
    assert results.find_result(lesions) is None
    left = [scene.GetNthNode(n) for n in range(scene.GetNumberOfNodes())]
    assert not [node.GetName() for node in left if node.GetAttribute(RESULT_ATTRIBUTE)]


def _save(scene, folder, name):
    """Save as File > Save does: every node that can be stored, then the scene."""
    for number in range(scene.GetNumberOfNodes()):
        node = scene.GetNthNode(number)
        if not node.IsA("vtkMRMLStorableNode") or not node.GetSaveWithScene() or node.GetHideFromEditors():
            continue
        storage = node.GetStorageNode() or (node.AddDefaultStorageNode() and node.GetStorageNode()) or None
        storage = storage or node.GetStorageNode()
        if storage is not None:
            kind = storage.GetDefaultWriteFileExtension()
            assert slicer.util.saveNode(node, str(folder / f"{node.GetID()}.{kind}"))
    assert slicer.util.saveScene(str(folder / name))


def test_two_results_live_side_by_side(scene, a_ct, lesions, chosen, show, tmp_path):
    first = show()
    copy = segmentation_node(chosen.lesions, a_ct, "second reading")
    again = read_segments(copy, list(segment_names(copy)), image_geometry(a_ct))
    patient = a_result(again, [0.1, 0.2, 0.3, 0.4])
    results.show_result(patient, tmp_path / "result", again.owners(), a_ct, copy)
    results.remove_result(first)
    assert results.find_result(copy).patient == patient
    assert results.find_result(lesions) is None


def test_a_result_whose_inputs_or_nodes_were_deleted_can_be_removed(scene, a_ct, lesions, show):
    record = show()
    scene.RemoveNode(record.find(Role.TABLE))
    scene.RemoveNode(record.find(Role.LEGEND))
    scene.RemoveNode(lesions)
    scene.RemoveNode(a_ct)
    for change in (
        lambda: results.colour_by(record, Quantity.CONTRIBUTION),
        lambda: results.show_only_above(record, 30.0),
        lambda: results.set_opacity(record, 0.3),
        lambda: results.show_legend(record, False),
        lambda: results.jump_to(record, 1),
        lambda: results.remove_result(record),
    ):
        change()
    assert records_of(scene) == []
    assert scene.GetNumberOfNodesByClass("vtkMRMLLabelMapVolumeNode") == 0


def test_it_works_without_a_window_and_observes_nothing(host, a_ct, lesions, show):
    host.app.has_windows = False
    observed = lesions.HasObserver("ModifiedEvent")
    record = show()
    results.jump_to(record, 1)
    results.remove_result(record)
    assert lesions.HasObserver("ModifiedEvent") == observed
