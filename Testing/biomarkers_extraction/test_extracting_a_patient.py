"""One patient's features: what networks are given, what is refused, and what a table of patients holds."""

import math

import numpy as np
import pytest
import torch
from making_cohorts import save_network, write_patient

from prognosis.biomarkers.extracted_case import read_extracted, write_extracted
from prognosis.biomarkers.extraction import (
    ExtractedPatient,
    common_region,
    extract_from,
    extract_patient,
    extraction_settings,
    feature_table,
)
from prognosis.biomarkers.feature_names import FEATURES, unflatten
from prognosis.biomarkers.feature_store import read_feature_table, write_feature_table
from prognosis.biomarkers.images.cutting import cut_region
from prognosis.biomarkers.images.patient_images import PatientFiles, read_patient_images
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.extraction import make_extractor
from prognosis.biomarkers.networks.unet_bundle import load_unet
from prognosis.engines.engine import Engine
from prognosis.errors import InputError, ModelError


@pytest.fixture(scope="module")
def segmenters(tmp_path_factory):
    folder = tmp_path_factory.mktemp("networks")
    return {modality: load_unet(save_network(folder / modality.value, modality)) for modality in Modality}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("patient") / "p"
    write_patient(folder, 16.0, 0)
    return PatientFiles(ct=folder / "ct.nii.gz", pet=folder / "pet.nii.gz", tumour=folder / "tumour.nii.gz")


@pytest.fixture(scope="module")
def images(files):
    return read_patient_images(files)


@pytest.fixture(scope="module")
def extractors(segmenters):
    return {one: make_extractor(segmenter.network, engine=Engine.TORCH) for one, segmenter in segmenters.items()}


@pytest.fixture(scope="module")
def patient(files, segmenters, extractors):
    return extract_patient(files, segmenters, extractors, common_region(segmenters))


def test_features_are_the_bottleneck_of_the_normalised_region(patient, images, segmenters):
    region = cut_region(images, RegionOptions())
    for modality, segmenter in segmenters.items():
        x = torch.from_numpy(segmenter.normalisation(region.images[modality]))
        with torch.inference_mode():
            expected = segmenter.network.encode(x[None, None])[0].numpy()
        np.testing.assert_allclose(unflatten(patient.features[modality]), expected, rtol=1e-4, atol=1e-5)
        assert patient.features[modality].min() == 0


def test_uptake_and_radiomics_stand_beside(patient):
    volume_ml = 4 / 3 * math.pi * 1.6**3
    assert patient.conventional["mtv_contour_ml"] == pytest.approx(volume_ml, rel=0.1)
    assert patient.conventional["suv_max"] > 8
    assert {"tlg_contour_ml", "ct_stat_mean", "pet_shape_sphericity"} <= set(patient.conventional)
    assert not patient.phantom


def test_radiomics_are_left_out_when_asked(images, segmenters, extractors):
    alone = extract_from(images, segmenters, extractors, RegionOptions(), radiomics=False)
    assert "suv_max" in alone.conventional
    assert not [name for name in alone.conventional if name.startswith(("ct_", "pet_"))]


def test_what_a_reader_should_know_is_kept(images, segmenters, extractors):
    small = extract_from(images, segmenters, extractors, RegionOptions(0.3), radiomics=False)
    assert any("of the tumour lies outside the region" in flag for flag in small.flags)


def test_one_network_needs_one_image(files, segmenters, extractors):
    ct = {Modality.CT: segmenters[Modality.CT]}
    alone = extract_patient(PatientFiles(ct=files.ct, tumour=files.tumour), ct, extractors, RegionOptions())
    assert list(alone.features) == [Modality.CT]
    assert math.isnan(alone.conventional["suv_max"])
    with pytest.raises(InputError, match="There is no PET"):
        extract_patient(PatientFiles(ct=files.ct, tumour=files.tumour), segmenters, extractors, RegionOptions())


@pytest.mark.parametrize(
    ("value", "said"), [(0.0, "all PET features are 0"), (math.inf, "PET features that are not finite")]
)
def test_a_network_that_sees_nothing_is_told_of(images, segmenters, extractors, value, said):
    broken = {**extractors, Modality.PET: lambda _: np.full(FEATURES, value, np.float32)}
    with pytest.raises(InputError, match=said):
        extract_from(images, segmenters, broken, RegionOptions())


def test_networks_of_different_regions_are_not_put_together(segmenters, tmp_path):
    other = load_unet(save_network(tmp_path / "wide", Modality.PET, region=RegionOptions(2.0, scaled=True)))
    with pytest.raises(ModelError, match="ct reads regions of 1 mm, wide of 2 mm or more, scaled to the tumour"):
        common_region({Modality.CT: segmenters[Modality.CT], Modality.PET: other})
    assert common_region({Modality.PET: other}) == RegionOptions(2.0, scaled=True)
    assert common_region(segmenters) == RegionOptions()
    assert common_region(segmenters, scaled=True) == RegionOptions(1.0, scaled=True)


def test_a_case_is_read_as_it_was_written(patient, tmp_path):
    odd = ExtractedPatient(patient.features, {**patient.conventional, "pet_stat_skewness": math.nan}, ("a", "b"), True)
    write_extracted(tmp_path, odd)
    read = read_extracted(tmp_path)
    assert list(read.conventional) == list(odd.conventional)
    np.testing.assert_array_equal(list(read.conventional.values()), list(odd.conventional.values()))
    assert (read.flags, read.phantom) == (odd.flags, True)
    for modality in Modality:
        np.testing.assert_array_equal(read.features[modality], odd.features[modality])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("features.safetensors", b"torn"),
        ("extracted.json", b"[]"),
        ("extracted.json", b'{"conventional": {"a": "b"}, "flags": [], "phantom": false}'),
        ("features.safetensors", None),
    ],
    ids=["torn", "no case", "no number", "missing"],
)
def test_a_damaged_case_is_told_of(patient, tmp_path, name, content):
    folder = tmp_path / "case-000007"
    folder.mkdir()
    write_extracted(folder, patient)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    with pytest.raises(InputError, match="case-000007: its features are damaged. Delete its folder"):
        read_extracted(folder)


def test_a_measure_that_some_lack_is_not_a_number(patient, segmenters, tmp_path):
    less = ExtractedPatient(patient.features, {"suv_max": 3.0}, ("odd", "very odd"), phantom=True)
    settings = extraction_settings(segmenters, RegionOptions(), radiomics=True)
    table = feature_table([("1", ""), ("2", "b")], [patient, less], segmenters, settings)
    assert table.conventional_names == tuple(patient.conventional)
    at = table.conventional_names.index("suv_max")
    assert table.conventional[1, at] == 3.0
    assert np.isnan(np.delete(table.conventional[1], at)).all()
    assert table.flags[1] == "odd; very odd"
    assert table.phantom
    assert table.networks == {one: segmenter.used for one, segmenter in segmenters.items()}
    write_feature_table(tmp_path / "f.h5", table)
    read = read_feature_table(tmp_path / "f.h5")
    assert read.settings["normalisation"]["pet"] == {"low": 0.01, "high": 20.0, "mean": 0.0}
    assert read.settings["region"] == {"spacing_mm": 1.0, "scaled": False, "size": (96, 96, 48)}
