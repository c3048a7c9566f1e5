"""Real scans, read as SimpleITK reads sound series."""

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from prognosis.imaging.readers import read_volume
from prognosis.imaging.scalar.files import geometry_of

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CT = DATA / "ct/4d_lung_113"
PET = DATA / "pet/sts_001_dicom"


def by_simpleitk(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.mark.skipif(not CT.is_dir(), reason=f"{CT} is absent")
@pytest.mark.parametrize("folder", [CT, CT / "ct"], ids=["with-its-structures", "slices-only"])
def test_chest_ct(folder: Path) -> None:
    volume = read_volume(folder)
    expected = by_simpleitk(CT / "ct")
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, sitk.GetArrayViewFromImage(expected))
    assert volume.geometry.is_close_to(geometry_of(expected))
    assert ("RT Structure Set" in " ".join(volume.notes)) == (folder == CT)


@pytest.mark.skipif(not PET.is_dir(), reason=f"{PET} is absent")
@pytest.mark.parametrize("folder", [PET, PET / "image"], ids=["with-its-structures", "slices-only"])
def test_raw_pet_with_a_slope_a_slice(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    volume = read_volume(folder)
    assert capfd.readouterr().err == ""
    expected = by_simpleitk(PET / "image")
    assert volume.modality == "PT"
    np.testing.assert_allclose(volume.array, sitk.GetArrayViewFromImage(expected), rtol=1e-6)
    assert volume.geometry.is_close_to(geometry_of(expected))


@pytest.mark.skipif(not (DATA / "ct").is_dir(), reason=f"{DATA} is absent")
@pytest.mark.parametrize(
    "path",
    ["ct/ibsi_lung_phantom", "lidc", "sts51", "petct"],
)
def test_first_nifti_images(path: Path) -> None:
    images = sorted(file for file in (DATA / path).rglob("*.nii.gz") if "mask" not in file.name.lower())[:2]
    assert images
    for file in images:
        volume = read_volume(file)
        expected = sitk.ReadImage(file)
        np.testing.assert_array_equal(volume.array, sitk.GetArrayViewFromImage(expected))
        assert volume.geometry.is_close_to(geometry_of(expected))
