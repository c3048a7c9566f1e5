"""Selectors and tables of the test host follow the real scene."""

import numpy as np
import slicer
from slicer_host.making_nodes import segmentation_node, volume_node


def a_volume_selector(scene, **properties):
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    for name, value in properties.items():
        setattr(combo, name, value)
    combo.setMRMLScene(scene)
    return combo


def test_a_selector_takes_the_first_node_that_comes(qt, scene, a_patient):
    combo, got = a_volume_selector(scene), []
    combo.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    combo.connect("currentNodeChanged(bool)", got.append)
    ct = volume_node(a_patient.image)
    volume_node(a_patient.image, "second")
    assert got == [ct, True]
    assert combo.currentNodeID == ct.GetID()
    assert combo.nodeCount() == 2


def test_a_selector_with_none_waits_for_a_choice(qt, a_ct_node, scene):
    combo = a_volume_selector(scene, noneEnabled=True)
    assert combo.currentNode() is None
    combo.setCurrentNode(a_ct_node)
    assert combo.currentNode() is a_ct_node
    combo.setCurrentNode(None)
    assert combo.currentNodeID == ""


def test_a_selector_follows_names_and_removal(qt, a_ct_node, scene):
    combo = a_volume_selector(scene)
    inner = combo.findChild(qt.QComboBox)
    a_ct_node.SetName("thorax")
    assert inner.currentText == "thorax"
    scene.RemoveNode(a_ct_node)
    assert combo.currentNode() is None
    assert combo.nodeCount() == 0


def test_a_selector_without_a_scene_is_empty(qt, a_ct_node):
    combo = slicer.qMRMLNodeComboBox()
    combo.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    assert combo.currentNode() is None


def test_a_label_map_is_no_scalar_volume_where_child_types_are_off(qt, scene):
    scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    assert a_volume_selector(scene, showChildNodeTypes=False).nodeCount() == 0
    assert a_volume_selector(scene).nodeCount() == 1


def test_a_closed_scene_empties_the_selector(qt, host, a_ct_node):
    combo, got = a_volume_selector(host.scene), []
    combo.connect("currentNodeChanged(vtkMRMLNode*)", got.append)
    host.scene.Clear(False)
    assert got == [None]


def test_a_deleted_selector_hears_no_more(qt, scene, a_patient):
    combo, got = a_volume_selector(scene), []
    combo.connect("currentNodeChanged(bool)", got.append)
    combo.delete()
    volume_node(a_patient.image)
    assert got == []


def test_segments_are_chosen_in_a_table(qt, a_segmentation_node):
    table, heard = slicer.qMRMLSegmentsTableView(), []
    table.setSegmentationNode(a_segmentation_node)
    table.selectionMode = qt.QAbstractItemView.ExtendedSelection
    table.connect("selectionChanged(QItemSelection,QItemSelection)", lambda on, _off: heard.append(on))
    first, second, *_ = a_segmentation_node.GetSegmentation().GetSegmentIDs()
    table.setSelectedSegmentIDs([second])
    assert table.selectedSegmentIDs() == (second,)
    assert len(heard) == 1
    a_segmentation_node.GetSegmentation().RemoveSegment(second)
    assert table.selectedSegmentIDs() == ()
    assert first in table.displayedSegmentIDs()


def test_segments_are_checked_in_a_selector(qt, scene, a_ct_node, a_patient):
    selector, heard = slicer.qMRMLSegmentSelectorWidget(), []
    selector.multiSelection = True
    selector.connect("segmentSelectionChanged(QStringList)", heard.append)
    selector.setMRMLScene(scene)
    node = segmentation_node(a_patient.lesions, a_ct_node)
    chosen = node.GetSegmentation().GetSegmentIDs()[1]
    selector.setCurrentNode(node)
    selector.setSelectedSegmentIDs([chosen])
    assert selector.selectedSegmentIDs() == (chosen,)
    assert len(selector.segmentIDs()) == len(a_patient.lesions)
    assert list(heard[-1]) == [chosen]


def test_a_table_shows_its_node(qt, scene):
    node = scene.AddNewNodeByClass("vtkMRMLTableNode")
    slicer.util.updateTableFromArray(node, [np.array([1.0, 3.0, 2.0])], ["risk"])
    view = slicer.qMRMLTableView()
    view.setMRMLTableNode(node)
    view.sortingEnabled = True
    view.sortByColumn(0, qt.Qt.DescendingOrder)
    shown = [view.model().index(row, 0).data() for row in range(view.model().rowCount())]
    assert shown == [3.0, 2.0, 1.0]


def test_a_slider_keeps_within_its_limits(qt):
    import ctk

    slider, heard = ctk.ctkSliderWidget(), []
    slider.maximum = 1.0
    slider.connect("valueChanged(double)", heard.append)
    slider.value = 0.5
    slider.value = 3.0
    assert heard == [0.5, 1.0]
