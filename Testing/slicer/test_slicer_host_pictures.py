"""Pictures that the test host draws show what the nodes hold."""

import io

import numpy as np
import pytest
import slicer
from PIL import Image
from slicer_host.making_nodes import a_ball, segmentation_node


@pytest.fixture
def a_lesion(a_ct_node, a_patient):
    """A red ball of 30 mm radius in the middle of the image, as a segmentation without fill."""
    geometry = a_patient.image.geometry
    middle = geometry.to_patient(np.array(geometry.size) / 2)
    node = segmentation_node([a_ball(1, tuple(middle), 30.0, geometry)], a_ct_node)
    node.GetSegmentation().GetNthSegment(0).SetColor(1.0, 0.0, 0.0)
    node.GetDisplayNode().SetVisibility2DFill(False)
    return node


def redness(png):
    """Where red rules: (rows, columns)."""
    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), float)
    return np.nonzero(picture[..., 0] > picture[..., 1:].max(axis=-1) + 60)


def middle_of(a_ct_node):
    bounds = np.zeros(6)
    a_ct_node.GetRASBounds(bounds)
    return tuple(np.mean([bounds[::2], bounds[1::2]], axis=0))


@pytest.mark.parametrize("orientation", ["Axial", "Sagittal", "Coronal"])
def test_a_segment_is_outlined_where_it_is(pictures, a_ct_node, a_lesion, orientation):
    png = pictures.render_slice(a_ct_node, orientation=orientation, ras=middle_of(a_ct_node), size=(200, 200))
    rows, columns = redness(png)
    assert rows.size
    assert abs(rows.mean() - 100) < 8
    assert abs(columns.mean() - 100) < 8


def test_a_label_layer_fills_where_it_is(pictures, host, a_ct_node, a_lesion):
    label = host.scene.AddNewNodeByClass("vtkMRMLLabelMapVolumeNode")
    host.logics["segmentations"].ExportAllSegmentsToLabelmapNode(
        a_lesion, label, slicer.vtkSegmentation.EXTENT_REFERENCE_GEOMETRY
    )
    a_lesion.GetDisplayNode().SetVisibility2D(False)
    views = {"ras": middle_of(a_ct_node), "size": (200, 200), "label_opacity": 1.0}
    filled = len(redness(pictures.render_slice(a_ct_node, label, **views))[0])
    outlined = len(redness(pictures.render_slice(a_ct_node, label, outline=True, **views))[0])
    assert filled > 3 * outlined > 0


def test_left_of_the_patient_is_right_in_the_picture(pictures, a_ct_node, a_patient):
    geometry = a_patient.image.geometry
    left = geometry.to_patient(np.array(geometry.size) / 2) + np.array([50.0, 0.0, 0.0])  # LPS
    node = segmentation_node([a_ball(1, tuple(left), 20.0, geometry)], a_ct_node)
    node.GetSegmentation().GetNthSegment(0).SetColor(1.0, 0.0, 0.0)
    node.GetDisplayNode().SetVisibility2DFill(False)
    _rows, columns = redness(pictures.render_slice(a_ct_node, ras=middle_of(a_ct_node), size=(200, 200)))
    assert columns.mean() > 110


def test_a_surface_is_seen_in_3d(pictures, a_ct_node, a_lesion):
    assert not redness(pictures.render_3d(size=(200, 200)))[0].size
    a_lesion.CreateClosedSurfaceRepresentation()
    rows, columns = redness(pictures.render_3d(size=(200, 200)))
    assert rows.size > 1000
    assert abs(columns.mean() - 100) < 10


def test_a_legend_stands_at_the_side(pictures, host, a_ct_node):
    plain = _slice(pictures, a_ct_node)
    legend = slicer.modules.colors.logic().AddDefaultColorLegendDisplayNode(a_ct_node)
    legend.SetTitleText("HU")
    before, after = (
        np.asarray(Image.open(io.BytesIO(png)).convert("L"), int) for png in (plain, _slice(pictures, a_ct_node))
    )
    changed = np.nonzero(np.abs(after - before) > 30)[1]
    assert changed.size > 100
    assert changed.min() > 150


def _slice(pictures, a_ct_node):
    return pictures.render_slice(a_ct_node, size=(300, 300))
