"""The scene of the test host behaves as Slicer's does, as far as modules lean on it."""

import numpy as np
import pytest
import slicer
from slicer_host.making_nodes import segmentation_node, volume_node


def test_a_ct_stands_where_the_patient_is(a_ct_node, a_patient):
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(a_ct_node), a_patient.image.array)
    corner = np.array(a_ct_node.GetOrigin())
    np.testing.assert_allclose(corner, np.array(a_patient.image.geometry.origin) * (-1, -1, 1))
    assert a_ct_node.GetDisplayNode().GetColorNodeID() == "vtkMRMLColorTableNodeGrey"


def test_segments_hold_the_lesions_and_share_layers(a_segmentation_node, a_ct_node, a_patient):
    segmentation = a_segmentation_node.GetSegmentation()
    assert segmentation.GetNumberOfLayers() < segmentation.GetNumberOfSegments()
    for segment_id, lesion in zip(segmentation.GetSegmentIDs(), a_patient.lesions, strict=True):
        voxels = slicer.util.arrayFromSegmentBinaryLabelmap(a_segmentation_node, segment_id, a_ct_node)
        assert np.count_nonzero(voxels) == np.count_nonzero(lesion.mask)
        assert segmentation.GetSegment(segment_id).GetName() == lesion.name


def test_each_test_finds_an_empty_scene(scene):
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 0
    assert scene.GetNodeByID("vtkMRMLSliceNodeRed") is not None
    assert scene.GetNodeByID("vtkMRMLColorTableNodeFileGenericColors.txt") is not None


def test_nodes_get_items_in_the_subject_hierarchy(scene, a_ct_node):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    assert hierarchy.GetItemByDataNode(a_ct_node)
    assert not hierarchy.GetItemByDataNode(a_ct_node.GetDisplayNode())
    scene.RemoveNode(a_ct_node)
    assert hierarchy.GetNumberOfItems() == 0


def test_a_complaint_of_mrml_is_collected(host):
    host.scene.AddNewNodeByClass("vtkMRMLNoSuchNode")
    assert any("vtkMRMLNoSuchNode" in text for text in host.messages.errors)
    host.messages.clear()


@pytest.mark.parametrize("name", ["scene.mrb", "scene.mrml"])
def test_a_saved_scene_reopens(host, a_ct_node, a_segmentation_node, tmp_path, name):
    before = slicer.util.arrayFromVolume(a_ct_node).copy()
    for node, file in ((a_ct_node, "ct.nrrd"), (a_segmentation_node, "lesions.seg.nrrd")):
        assert slicer.util.saveNode(node, str(tmp_path / file))
    assert slicer.util.saveScene(str(tmp_path / name))
    host.scene.Clear(False)
    slicer.util.loadScene(str(tmp_path / name))
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(slicer.util.getNode("CT")), before)
    assert slicer.util.getNode("Lesions").GetSegmentation().GetSegmentIDs()


def test_files_are_read_by_their_kind(host, a_ct_node, a_segmentation_node, tmp_path):
    slicer.util.saveNode(a_ct_node, str(tmp_path / "ct.nrrd"))
    slicer.util.saveNode(a_segmentation_node, str(tmp_path / "lesions.seg.nrrd"))
    host.scene.Clear(False)
    ct = slicer.util.loadVolume(str(tmp_path / "ct.nrrd"))
    lesions = slicer.util.loadSegmentation(str(tmp_path / "lesions.seg.nrrd"))
    assert ct.GetName() == "ct"
    assert lesions.GetSegmentation().GetNthSegment(0).GetName() == "lesion 1"
    assert host.layout.slice_logics["Red"].GetBackgroundLayer().GetVolumeNode() is ct


def test_a_missing_file_raises(host, tmp_path):
    with pytest.raises(RuntimeError, match="nowhere.nrrd"):
        slicer.util.loadVolume(str(tmp_path / "nowhere.nrrd"))


def test_slice_views_jump(host, a_ct_node):
    slicer.util.setSliceViewerLayers(background=a_ct_node, fit=True)
    slicer.vtkMRMLSliceNode.JumpAllSlices(host.scene, 1.0, 2.0, 3.0, slicer.vtkMRMLSliceNode.CenteredJumpSlice)
    matrix = host.scene.GetNodeByID("vtkMRMLSliceNodeRed").GetSliceToRAS()
    assert [matrix.GetElement(row, 3) for row in range(3)] == [1.0, 2.0, 3.0]
    assert host.layout.sliceWidget("Green").mrmlSliceNode().GetOrientation() == "Coronal"


def test_two_patients_in_one_scene(scene, a_patient):
    first, second = (volume_node(a_patient.image, name) for name in ("first", "second"))
    lesions = segmentation_node(a_patient.lesions, second)
    reference = lesions.GetNodeReference(lesions.GetReferenceImageGeometryReferenceRole())
    assert reference is second
    assert first.GetID() != second.GetID()
