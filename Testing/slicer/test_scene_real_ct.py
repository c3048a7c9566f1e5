"""A patient's CT with its RTSTRUCT, through the scene and back."""

from pathlib import Path

import numpy as np
import pytest
import slicer
from making_results import a_result, a_result_folder
from slicer_host.making_nodes import segmentation_node, volume_node

from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.readers import read_volume
from prognosis_slicer.scene import lesion_results as results
from prognosis_slicer.scene.result_record import Role
from prognosis_slicer.scene.segment_files import write_lesions
from prognosis_slicer.scene.segments import read_segments, segment_names
from prognosis_slicer.scene.volumes import image_geometry, write_image

_FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "ct" / "4d_lung_113"


@pytest.mark.skipif(not _FOLDER.is_dir(), reason="the CT 4d_lung_113 is not there")
def test_a_patients_lesions_pass_through_the_scene(scene, tmp_path):
    image = read_volume(_FOLDER / "ct")
    drawn = read_lesions(_FOLDER / "rtstruct.dcm", image, LesionChoice(names=("Tumor*", "LN*"))).lesions
    ct = volume_node(image)
    node = segmentation_node(drawn, ct)
    write_image(ct, tmp_path / "ct.nrrd")
    chosen = read_segments(node, list(segment_names(node)), image_geometry(ct))
    write_lesions(chosen.lesions, image_geometry(ct), tmp_path / "lesions.seg.nrrd")

    read = read_volume(tmp_path / "ct.nrrd")
    np.testing.assert_array_equal(read.array, image.array)
    np.testing.assert_allclose(read.geometry.affine, image.geometry.affine, atol=1e-6)
    found = read_lesions(tmp_path / "lesions.seg.nrrd", read).lesions
    for back, lesion in zip(found, drawn, strict=True):
        assert back.name == lesion.name
        assert np.count_nonzero(back.mask) == np.count_nonzero(lesion.mask)
        np.testing.assert_allclose(back.centroid, lesion.centroid, atol=1e-3)

    patient = a_result(chosen, np.linspace(1.0, -1.0, len(found)).tolist())
    folder = a_result_folder(tmp_path / "result", chosen, patient, read.geometry)
    record = results.show_result(patient, folder, chosen.owners(), ct, node)
    labels = slicer.util.arrayFromVolume(record.find(Role.LABELS))
    for lesion, scored in zip(found, patient.lesions, strict=True):
        box = image.geometry.to_index(lesion.geometry.to_patient(np.argwhere(lesion.mask)[:, ::-1]))
        i, j, k = np.rint(box).astype(int).T
        assert (labels[k, j, i] == scored.label).mean() > 0.9, "overlaps show the higher risk"
