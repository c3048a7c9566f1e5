"""What is to be scored, and whether it is still the same: on real nodes, without a window."""

from dataclasses import replace

import numpy as np
import pytest
import slicer
import vtk
from slicer_host.making_nodes import segmentation_node, volume_node
from slicer_host.scripted_modules import install_modules

install_modules()

from prognosis_slicer.lesion_risk import inputs  # noqa: E402
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters  # noqa: E402


@pytest.fixture
def parameters(scene):
    return LesionRiskParameters(scene.AddNewNodeByClass("vtkMRMLScriptedModuleNode"))


@pytest.fixture
def chosen(parameters, a_ct_node, a_segmentation_node):
    """Parameters with both inputs."""
    parameters.image, parameters.lesions = a_ct_node, a_segmentation_node
    return parameters


def test_each_thing_that_is_missing_is_named(parameters, a_ct_node, a_segmentation_node, scene):
    assert "CT" in inputs.what_is_missing(parameters)
    parameters.image = a_ct_node
    assert "segmentation" in inputs.what_is_missing(parameters)
    parameters.lesions = empty = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Empty")
    assert "'Empty' holds no segment" in inputs.what_is_missing(parameters)
    parameters.lesions = a_segmentation_node
    assert inputs.what_is_missing(parameters) == ""
    parameters.organs = empty
    assert "'Empty' holds no organ" in inputs.what_is_missing(parameters)
    parameters.organs = None
    inputs.tick(parameters, dict.fromkeys(inputs.ticks(parameters), False))
    assert "Tick" in inputs.what_is_missing(parameters)


def test_organs_and_landmarks_start_unticked(chosen):
    segmentation = chosen.lesions.GetSegmentation()
    segmentation.GetNthSegment(1).SetName("left lung")
    assert list(inputs.ticks(chosen).values()) == [True, False]
    assert inputs.chosen_segments(chosen) == (segmentation.GetNthSegmentID(0),)


def test_what_the_user_decided_stays_when_segments_are_renamed_or_added(chosen, a_patient):
    segmentation = chosen.lesions.GetSegmentation()
    first, second = segmentation.GetSegmentIDs()
    inputs.tick(chosen, {first: False})
    segmentation.GetSegment(second).SetName("liver")
    inputs.tick(chosen, {second: True})
    segmentation.GetSegment(first).SetName("tumour")
    added = segmentation.AddEmptySegment("", "metastasis")
    assert inputs.ticks(chosen) == {first: False, second: True, added: True}


def test_ticks_of_one_segmentation_say_nothing_of_another(chosen, a_ct_node, a_patient):
    inputs.tick(chosen, dict.fromkeys(inputs.ticks(chosen), False))
    chosen.lesions = segmentation_node(a_patient.lesions, a_ct_node, "Others")
    assert all(inputs.ticks(chosen).values())


def test_the_request_names_nodes_by_id(chosen):
    chosen.split_islands, chosen.smallest_island_mm3, chosen.model = True, 30.0, "mine"
    request = inputs.inputs_of(chosen)
    assert (request.image_id, request.lesions_id) == (chosen.image.GetID(), chosen.lesions.GetID())
    assert request.organs_id is None
    assert request.segment_ids == tuple(chosen.lesions.GetSegmentation().GetSegmentIDs())
    assert (request.split_islands, request.smallest_island_mm3, request.model) == (True, 30.0, "mine")


def paint(chosen):
    segment = chosen.lesions.GetSegmentation().GetNthSegment(0)
    segment.GetRepresentation("Binary labelmap").Modified()


def change_a_voxel(chosen):
    slicer.util.arrayFromVolume(chosen.image)[0, 0, 0] += 1
    slicer.util.arrayFromVolumeModified(chosen.image)


def move_the_image(chosen):
    chosen.image.SetOrigin(np.array(chosen.image.GetOrigin()) + 1.0)


def put_under_a_transform(chosen):
    transform = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    chosen.lesions.SetAndObserveTransformNodeID(transform.GetID())


def remove_a_segment(chosen):
    chosen.lesions.GetSegmentation().RemoveSegment(chosen.lesions.GetSegmentation().GetNthSegmentID(0))


def remove_the_image(chosen):
    slicer.mrmlScene.RemoveNode(chosen.image)


@pytest.mark.parametrize(
    "change", [paint, change_a_voxel, move_the_image, put_under_a_transform, remove_a_segment, remove_the_image]
)
def test_a_change_is_seen(chosen, change):
    request = inputs.inputs_of(chosen)
    before = inputs.stamp(request)
    assert before == inputs.stamp(request)
    change(chosen)
    assert inputs.stamp(request) != before


def test_a_moved_transform_is_seen(chosen):
    put_under_a_transform(chosen)
    request = inputs.inputs_of(chosen)
    before = inputs.stamp(request)
    matrix = vtk.vtkMatrix4x4()
    matrix.SetElement(0, 3, 5.0)
    chosen.lesions.GetParentTransformNode().SetMatrixTransformToParent(matrix)
    assert inputs.stamp(request) != before


def test_looks_are_no_change(chosen, host):
    request = inputs.inputs_of(chosen)
    before = inputs.stamp(request)
    segment = chosen.lesions.GetSegmentation().GetNthSegment(0)
    segment.SetColor(1.0, 0.0, 0.0)
    segment.SetName("another name")
    chosen.image.GetDisplayNode().SetWindow(500.0)
    chosen.lesions.CreateClosedSurfaceRepresentation()
    slicer.util.setSliceViewerLayers(background=chosen.image, fit=True)
    assert inputs.stamp(request) == before


def test_nodes_of_a_new_scene_with_the_same_ids_are_others(chosen, scene, a_patient):
    request = inputs.inputs_of(chosen)
    before = inputs.stamp(request)
    scene.Clear(False)
    lesions = segmentation_node(a_patient.lesions, volume_node(a_patient.image))
    assert lesions.GetID() == request.lesions_id
    same = replace(request, segment_ids=tuple(lesions.GetSegmentation().GetSegmentIDs()))
    assert inputs.stamp(same)[0] != before[0]


def test_what_the_scene_leaves_no_doubt_about_is_suggested(parameters, a_ct_node, a_patient):
    other = volume_node(a_patient.image, "Other")
    inputs.suggest(parameters)
    assert parameters.image is None
    lesions = segmentation_node(a_patient.lesions, other)
    inputs.suggest(parameters)
    assert parameters.lesions is lesions
    assert parameters.image is other
    parameters.image = a_ct_node
    inputs.suggest(parameters)
    assert parameters.image is a_ct_node
