"""DICOM series that are odd but sound: read right, and what was done is told."""

import random
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset, dcmread
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEGLosslessSV1,
    RLELossless,
    RTStructureSetStorage,
)

from prognosis.imaging.readers import read_volume

Slices = list[Dataset]
Save = Callable[[list[Dataset]], Path]


def notes_of(folder: Path) -> str:
    return " ".join(read_volume(folder).notes)


def test_plain_series(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    volume = read_volume(save(ct_slices))
    assert volume.array.dtype == np.int16
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.geometry.size == (24, 32, 12)
    assert volume.geometry.spacing == pytest.approx((0.7, 0.8, 2.5))
    assert volume.geometry.origin == pytest.approx((-8.05, -20.5, 100.0))
    assert volume.geometry.orientation == "LPS"
    assert volume.modality == "CT"
    assert volume.series_uid == ct_slices[0].SeriesInstanceUID
    assert volume.frame_of_reference_uid == ct_slices[0].FrameOfReferenceUID
    assert volume.notes == ()


def test_order_of_files_does_not_matter(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    random.Random(5).shuffle(ct_slices)
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


@pytest.mark.parametrize(
    ("orientation", "letters"),
    [
        (["-1", "0", "0", "0", "1", "0"], "RPI"),
        (["1", "0", "0", "0", "0", "-1"], "LIP"),
        (["0", "1", "0", "0", "0", "-1"], "PIR"),
        (["0.8", "0.6", "0", "-0.36", "0.48", "-0.8"], "LIP"),
    ],
    ids=["prone-like", "coronal", "sagittal", "oblique"],
)
def test_oblique_or_flipped_orientation(
    ct_slices: Slices, save: Save, hounsfield: np.ndarray, orientation: list[str], letters: str
) -> None:
    row, column = np.reshape([float(cosine) for cosine in orientation], (2, 3))
    normal = np.cross(row, column)
    for k, dataset in enumerate(ct_slices):
        dataset.ImageOrientationPatient = orientation
        dataset.ImagePositionPatient = [f"{value:.6g}" for value in np.array([5, 6, 7]) + 2.5 * k * normal]
    volume = read_volume(save(ct_slices))
    np.testing.assert_array_equal(volume.array, hounsfield)
    expected = np.array([5, 6, 7]) + 3 * 0.7 * row + 4 * 0.8 * column + 9 * 2.5 * normal
    np.testing.assert_allclose(volume.geometry.to_patient([3, 4, 9]), expected, atol=1e-4)
    assert np.linalg.det(np.reshape(volume.geometry.direction, (3, 3))) == pytest.approx(1)
    assert volume.geometry.orientation == letters


def test_rescale_slope_and_intercept_of_each_slice(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        stored = hounsfield[k].astype(np.int32) + 1000 + k
        dataset.RescaleIntercept, dataset.RescaleSlope = str(-1000 - k), "1"
        if k == 5:
            stored, dataset.RescaleSlope = stored * 2, "0.5"
        dataset.PixelData = stored.astype("<u2").tobytes()
    volume = read_volume(save(ct_slices))
    assert volume.array.dtype == np.float32
    np.testing.assert_array_equal(volume.array, hounsfield)


def test_pet_slopes_give_decimal_values(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.Modality = "PT"
        dataset.RescaleSlope, dataset.RescaleIntercept = f"{0.125 * (k + 1):g}", "0"
    stored = hounsfield.astype(np.float64) + 1024
    volume = read_volume(save(ct_slices))
    assert volume.modality == "PT"
    np.testing.assert_allclose(volume.array, stored * 0.125 * np.arange(1, 13)[:, None, None], rtol=1e-6)


def test_signed_pixels_and_bits_beyond_the_stored_ones(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"
        dataset.BitsStored, dataset.HighBit = 12, 11
        dataset.PixelData = (hounsfield[k].astype(np.int16).view(np.uint16) & 0x0FFF | 0x5000).astype("<u2").tobytes()
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian], ids=lambda uid: uid.name
)
def test_uncompressed_transfer_syntaxes(ct_slices: Slices, save: Save, hounsfield: np.ndarray, syntax: str) -> None:
    little_endian = syntax != ExplicitVRBigEndian
    for k, dataset in enumerate(ct_slices):
        dataset.file_meta.TransferSyntaxUID = syntax
        dataset.PixelData = (hounsfield[k].astype(np.int32) + 1024).astype("<u2" if little_endian else ">u2").tobytes()
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


def test_run_length_compression(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for dataset in ct_slices:
        dataset.compress(RLELossless)
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


def test_interleaved_acquisitions_of_mr_are_one_volume(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.Modality, dataset.AcquisitionNumber = "MR", str(1 + k % 2)
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


def test_consecutive_acquisitions_of_ct_are_one_volume(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.AcquisitionNumber = str(1 + k // 4)
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


@pytest.mark.parametrize("slices_a_time", [1, 2, 6])
def test_slices_acquired_one_after_the_other_are_one_volume(
    ct_slices: Slices, save: Save, hounsfield: np.ndarray, slices_a_time: int
) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.AcquisitionTime = f"1000{k // slices_a_time:02}"
    np.testing.assert_array_equal(read_volume(save(ct_slices)).array, hounsfield)


def test_small_deviations_of_distance_are_told(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    ct_slices[6].ImagePositionPatient = ["-8.05", "-20.5", "115.15"]
    volume = read_volume(save(ct_slices))
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.geometry.spacing[2] == pytest.approx(2.5)
    assert "2.35 to 2.65 mm" in " ".join(volume.notes)


def test_lossless_jpeg_without_a_pydicom_decoder(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    folder = save(ct_slices)
    for path in folder.iterdir():
        original = ct_slices[int(path.stem[-2:])]
        stored = np.frombuffer(original.PixelData, "<u2").reshape(1, 32, 24)
        writer = sitk.ImageFileWriter()
        writer.SetFileName(str(path))
        writer.SetImageIO("GDCMImageIO")
        writer.UseCompressionOn()
        writer.SetCompressor("JPEG")
        writer.Execute(sitk.GetImageFromArray(stored))
        compressed = dcmread(path)
        for element in original:
            if element.keyword != "PixelData":
                compressed[element.tag] = element
        compressed.save_as(path)
        assert compressed.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    np.testing.assert_array_equal(read_volume(folder).array, hounsfield)


@pytest.mark.parametrize("as_folder", [True, False], ids=["folder", "file"])
def test_enhanced_multi_frame(enhanced_ct: Dataset, save: Save, hounsfield: np.ndarray, as_folder: bool) -> None:
    folder = save([enhanced_ct])
    volume = read_volume(folder if as_folder else folder / "slice00.dcm")
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.geometry.spacing == pytest.approx((0.7, 0.8, 2.5))
    assert volume.geometry.origin == pytest.approx((-8.05, -20.5, 100.0))
    assert volume.series_uid == enhanced_ct.SeriesInstanceUID


def test_identical_duplicate_is_dropped_and_told(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    volume = read_volume(save([*ct_slices, deepcopy(ct_slices[3])]))
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert "1 slice(s) present twice with identical pixels" in " ".join(volume.notes)
    assert ".dcm" not in " ".join(volume.notes)  # a file's name may be a patient's


@pytest.mark.parametrize("told_by", ["image-type", "orientation"])
def test_localizer_is_left_out_and_told(ct_slices: Slices, save: Save, hounsfield: np.ndarray, told_by: str) -> None:
    localizer = deepcopy(ct_slices[0])
    localizer.Rows, localizer.Columns = 24, 32
    if told_by == "image-type":
        localizer.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
        del localizer.PixelSpacing
    else:
        localizer.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    volume = read_volume(save([*ct_slices, localizer]))
    np.testing.assert_array_equal(volume.array, hounsfield)
    told = " ".join(volume.notes)
    assert "1 localizer(s) are left out" in told or "1 slice(s) of another orientation" in told
    assert ".dcm" not in told


def test_series_of_localizers_is_no_choice(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    scouts = deepcopy(ct_slices[:2])
    for dataset in scouts:
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.3.4", "1"
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    volume = read_volume(save([*ct_slices, *scouts]))
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert "Series 1 holds localizers only" in " ".join(volume.notes)


def test_other_files_are_counted(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    structures = Dataset()
    structures.file_meta = deepcopy(ct_slices[0].file_meta)
    structures.SOPClassUID, structures.SOPInstanceUID, structures.Modality = RTStructureSetStorage, "1.2.3", "RTSTRUCT"
    folder = save([*ct_slices, structures])
    (folder / "README.txt").write_text("notes")
    (folder / ".DS_Store").touch()
    (folder / "._slice03.dcm").write_bytes(b"\0\5\x16\7" + bytes(100))
    (folder / "deeper").mkdir()
    (folder / "slice05.dcm").rename(folder / "deeper" / "slice05.dcm")
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.notes == ("Other files in the folder are left out: 1 RT Structure Set Storage, 1 not DICOM.",)


def test_hidden_slices_belong_to_the_series(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    folder = save(ct_slices)
    (folder / "slice10.dcm").rename(folder / ".slice10.dcm")
    (folder / "slice11.dcm").rename(folder / ".slice11")
    np.testing.assert_array_equal(read_volume(folder).array, hounsfield)


def test_linked_folders_are_walked_once(ct_slices: Slices, save: Save, hounsfield: np.ndarray, tmp_path: Path) -> None:
    folder = save(ct_slices)
    apart = tmp_path / "apart"
    apart.mkdir()
    for name in ("slice10.dcm", "slice11.dcm"):
        (folder / name).rename(apart / name)
    (folder / "more").symlink_to(apart)
    (folder / "more-again").symlink_to(apart)
    (apart / "back").symlink_to(folder)
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.notes == ()


def test_link_to_nowhere_that_is_no_dicom(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    folder = save(ct_slices)
    (folder / "README.txt").symlink_to(folder / "gone.txt")
    volume = read_volume(folder)
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert "1 not DICOM" in " ".join(volume.notes)


@pytest.mark.parametrize("padding", [63536, -2000], ids=["written-unsigned", "written-signed"])
def test_padding_becomes_air(ct_slices: Slices, save: Save, hounsfield: np.ndarray, padding: int) -> None:
    for k, dataset in enumerate(ct_slices):
        stored = hounsfield[k].copy()
        stored[0, :5] = -2000
        dataset.PixelRepresentation, dataset.RescaleIntercept = 1, "0"
        dataset.PixelData = stored.astype("<i2").tobytes()
        dataset.add_new("PixelPaddingValue", "US" if padding > 0 else "SS", padding)
    hounsfield[:, 0, :5] = -1024
    volume = read_volume(save(ct_slices))
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert "60 padding voxels" in " ".join(volume.notes)
    assert "-1024 HU" in " ".join(volume.notes)


@pytest.mark.parametrize("limit", [None, 700], ids=["value", "range"])
def test_padding_that_stands_for_tissue_is_left_alone(
    ct_slices: Slices, save: Save, hounsfield: np.ndarray, limit: int | None
) -> None:
    highest = int(hounsfield.max()) + 1024
    for dataset in ct_slices:
        dataset.PixelPaddingValue = highest if limit is None else 0
        if limit is not None:
            dataset.PixelPaddingRangeLimit = limit
    volume = read_volume(save(ct_slices))
    np.testing.assert_array_equal(volume.array, hounsfield)
    stored = hounsfield.astype(int) + 1024
    inside = np.count_nonzero(stored == highest if limit is None else stored <= limit)
    assert inside > 0
    assert f"{inside:,} voxels hold the Pixel Padding Value, which stands for tissue" in " ".join(volume.notes)


def test_padding_of_other_modalities_becomes_the_lowest_value(ct_slices: Slices, save: Save) -> None:
    for dataset in ct_slices:
        stored = np.arange(100, 100 + 32 * 24, dtype="<u2")
        stored[:6] = [9, 10, 11, 12, 13, 50]
        dataset.Modality, dataset.RescaleIntercept = "MR", "0"
        dataset.PixelData = stored.tobytes()
        dataset.PixelPaddingValue, dataset.PixelPaddingRangeLimit = 10, 12
    volume = read_volume(save(ct_slices))
    np.testing.assert_array_equal(volume.array[3, 0, :6], [9, 9, 9, 9, 13, 50])
    assert "36 padding voxels" in " ".join(volume.notes)


def test_values_outside_the_field_of_view_are_flagged(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for dataset in ct_slices:
        dataset.RescaleIntercept = "-3024"
    volume = read_volume(save(ct_slices))
    below = np.count_nonzero(hounsfield - 2000 < -1024)
    assert f"{below:,} voxels lie below -1024 HU (lowest -3000)" in " ".join(volume.notes)


def test_clipped_values_are_flagged(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for k, dataset in enumerate(ct_slices):
        stored = hounsfield[k].astype("<u2") + 1024
        stored[0, 0] = 4095
        dataset.BitsStored, dataset.HighBit, dataset.PixelData = 12, 11, stored.astype("<u2").tobytes()
    assert "12 voxels hold the highest value the file can store (3071 HU)" in notes_of(save(ct_slices))


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"RescaleSlope": None, "RescaleIntercept": None}, "1 and 0 are assumed"),
        ({"RescaleType": "HU_MOD"}, "HU_MOD"),
        ({"LossyImageCompression": "01"}, "with loss"),
        ({"PixelRepresentation": None}, "Pixel Representation (0028,0103) is missing: unsigned"),
    ],
    ids=["no-rescale", "other-scale", "lossy", "no-sign"],
)
def test_doubtful_scale_is_flagged(ct_slices: Slices, save: Save, changes: dict[str, str | None], word: str) -> None:
    for dataset in ct_slices:
        for keyword, value in changes.items():
            setattr(dataset, keyword, value)
    assert word in notes_of(save(ct_slices))


def test_values_beyond_sixteen_bits(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    for dataset in ct_slices:
        dataset.RescaleSlope, dataset.RescaleIntercept = "100", "0"
    volume = read_volume(save(ct_slices))
    assert volume.array.dtype == np.float32
    np.testing.assert_array_equal(volume.array, (hounsfield.astype(np.int32) + 1024) * 100)


def test_uneven_distances_resampled_on_request(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    heights = np.array([0, 2.5, 5, 7.5, 10, 12.5, 15, 17.5, 20.5, 23.5, 26.5, 29.5])
    for dataset, height in zip(ct_slices, heights, strict=True):
        dataset.ImagePositionPatient = ["0", "0", f"{height:g}"]
    volume = read_volume(save(ct_slices), resample_uneven=True)
    assert volume.geometry.size == (24, 32, 12)
    assert volume.geometry.spacing[2] == pytest.approx(2.5)
    expected = np.interp(np.arange(12) * 2.5, heights, hounsfield[:, 4, 5])
    np.testing.assert_allclose(volume.array[:, 4, 5], expected, atol=0.5)
    assert "2.50 to 3.00 mm were resampled linearly to 2.50 mm" in " ".join(volume.notes)


def test_resampling_leaves_an_even_series_alone(ct_slices: Slices, save: Save, hounsfield: np.ndarray) -> None:
    volume = read_volume(save(ct_slices), resample_uneven=True)
    np.testing.assert_array_equal(volume.array, hounsfield)
    assert volume.notes == ()


@pytest.mark.parametrize("wanted", ["1.2.840.77", "840.77", "1.2.84", "9"], ids=["uid", "end", "beginning", "number"])
def test_choosing_among_series(ct_slices: Slices, save: Save, hounsfield: np.ndarray, wanted: str) -> None:
    for dataset in ct_slices[:6]:
        dataset.SeriesInstanceUID = "2.25.40"
    for dataset in ct_slices[6:]:
        dataset.SeriesInstanceUID, dataset.SeriesNumber = "1.2.840.77", "9"
    np.testing.assert_array_equal(read_volume(save(ct_slices), series=wanted).array, hounsfield[6:])
