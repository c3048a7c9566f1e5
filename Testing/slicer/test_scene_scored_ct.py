"""A patient's CT scored from the scene and from the command line: the same numbers, in the same places."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import slicer
import vtk
from slicer_host.making_nodes import segmentation_node, volume_node

from prognosis.cli.main import main
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis.lesions.result_files import read_result
from prognosis_slicer.scene import lesion_results as results
from prognosis_slicer.scene.result_record import Role
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import image_geometry, write_image

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "ct" / "4d_lung_113"


def scored(image, lesions, output, *more):
    words = ("lesions", "score", "--image", image, "--lesions", lesions, "--output", output, *more)
    assert main([str(word) for word in words]) == 0
    return output


@pytest.mark.skipif(not _FOLDER.is_dir(), reason="the CT 4d_lung_113 is not there")
def test_a_real_ct_scores_alike_in_scene_and_command_line(scene, tmp_path):
    image = read_volume(_FOLDER / "ct")
    drawn = read_lesions(_FOLDER / "rtstruct.dcm", image, LesionChoice(names=("Tumor*", "LN*"))).lesions
    ct = volume_node(image, "CT")
    segmentation = segmentation_node(drawn, ct, "Lesions")
    chosen = read_segments(segmentation, list(segment_names(segmentation)), image_geometry(ct))
    write_image(ct, tmp_path / "ct.nrrd")
    write_lesions(chosen.lesions, image_geometry(ct), tmp_path / "lesions.seg.nrrd")

    folder = scored(tmp_path / "ct.nrrd", tmp_path / "lesions.seg.nrrd", tmp_path / "scene")
    patient = read_result(folder)
    results.show_result(patient, folder, chosen.owners(), ct, segmentation)
    names = ("--lesion-names", "Tumor*,LN*")
    directly = scored(_FOLDER / "ct", _FOLDER / "rtstruct.dcm", tmp_path / "directly", *names)
    assert patient.risk == pytest.approx(json.loads((directly / "patient.json").read_text())["risk"], abs=1e-4)
    with (directly / "lesions.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [lesion.name for lesion in patient.lesions] == [row["name"] for row in rows]
    for lesion, row in zip(patient.lesions, rows, strict=True):
        assert lesion.risk == pytest.approx(float(row["risk"]), abs=1e-4)
        assert lesion.volume_mm3 == pytest.approx(float(row["volume_mm3"]), rel=1e-3)

    assert slicer.util.saveScene(str(tmp_path / "saved.mrb"))
    scene.Clear(0)
    slicer.util.loadScene(str(tmp_path / "saved.mrb"))
    record = results.find_result(slicer.util.getNode("Lesions"))
    assert record.patient == patient
    labels = record.find(Role.LABELS)
    painted = slicer.util.arrayFromVolume(labels)
    np.testing.assert_array_equal(painted, read_volume(folder / "risk_labels.nrrd").array)
    table, colours = record.find(Role.TABLE).GetTable(), record.find(Role.COLOURS)
    assert table.GetNumberOfRows() == len(patient.lesions)
    for lesion in patient.lesions:
        k, j, i = np.argwhere(painted == lesion.label).mean(axis=0)
        to_ras = vtk.vtkMatrix4x4()
        labels.GetIJKToRASMatrix(to_ras)
        centre = np.array(to_ras.MultiplyPoint((i, j, k, 1.0))[:3])
        np.testing.assert_allclose(centre, lesion.centroid_ras, atol=1.5)
        colour = [0.0] * 4
        colours.GetColor(lesion.label, colour)
        np.testing.assert_allclose(colour[:3], np.array(lesion.colour) / 255, atol=1e-3)
