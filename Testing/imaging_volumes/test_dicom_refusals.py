"""DICOM series that must be refused, each with a word that names what is wrong."""

import random
from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    JPEGExtended12Bit,
    RLELossless,
    SegmentationStorage,
    generate_uid,
)

from prognosis.errors import InputError, UsageError
from prognosis.imaging.dicom import files
from prognosis.imaging.readers import read_volume

Slices = list[Dataset]
Save = Callable[[list[Dataset]], Path]


def refusal(path: Path, **options: bool) -> str:
    with pytest.raises(InputError) as caught:
        read_volume(path, **options)
    message = str(caught.value)
    assert "Secret" not in message
    assert "SECRET" not in message
    return message


def _shift(slices: Slices, k: int, axis: int, by_mm: float) -> None:
    position = [float(value) for value in slices[k].ImagePositionPatient]
    position[axis] += by_mm
    slices[k].ImagePositionPatient = [f"{value:g}" for value in position]


@pytest.mark.parametrize("resample", [False, True], ids=["as-is", "even-when-resampling-is-allowed"])
def test_missing_slice(ct_slices: Slices, save: Save, resample: bool) -> None:
    folder = save(ct_slices)
    (folder / "slice05.dcm").unlink()
    message = refusal(folder, resample_uneven=resample)
    assert "1 slice(s) are missing" in message
    assert "5.00 mm between slice04.dcm and slice06.dcm" in message


@pytest.mark.parametrize("kept_bytes", [0.95, 0.5, 0.0], ids=["last-rows", "half", "zero-bytes"])
def test_truncated_slice(ct_slices: Slices, save: Save, kept_bytes: float) -> None:
    folder = save(ct_slices)
    path = folder / "slice07.dcm"
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept_bytes)])
    message = refusal(folder)
    assert "slice07.dcm" in message
    assert ("empty (0 bytes)" if kept_bytes == 0 else "truncated") in message


@pytest.mark.parametrize("kept_bytes", [100, 140, 300, 500])
def test_slice_cut_within_its_header(ct_slices: Slices, save: Save, kept_bytes: int) -> None:
    folder = save(ct_slices)
    path = folder / "slice11.dcm"
    path.write_bytes(path.read_bytes()[:kept_bytes])
    assert "slice11.dcm" in refusal(folder)


@pytest.mark.parametrize("name", ["IM00001", "slice.IMA", "1.2.840.113619.2"], ids=["no-suffix", "ima", "uid"])
def test_zero_byte_file_without_dcm_suffix(ct_slices: Slices, save: Save, name: str) -> None:
    folder = save(ct_slices)
    (folder / name).touch()
    assert f"{name} is empty (0 bytes)" in refusal(folder)


def test_link_to_a_slice_that_is_not_there(ct_slices: Slices, save: Save) -> None:
    folder = save(ct_slices)
    (folder / "slice11.dcm").unlink()
    (folder / "slice11.dcm").symlink_to(folder / "elsewhere")
    assert "slice11.dcm is a link to a file that is not there" in refusal(folder)


def test_unnamed_slice_overwritten_with_zeros(ct_slices: Slices, save: Save) -> None:
    folder = save(ct_slices)
    (folder / "slice11.dcm").unlink()
    (folder / "IM0011").write_bytes(bytes(2000))
    assert "IM0011 lies among DICOM files but begins with zeros" in refusal(folder)


def test_file_that_inflates_beyond_measure(ct_slices: Slices, save: Save, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_INFLATED_BYTES_AT_MOST", 1_000_000)
    ct_slices[3].file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    ct_slices[3].PixelData = bytes(2_000_000)
    folder = save(ct_slices)
    assert (folder / "slice03.dcm").stat().st_size < 10_000
    message = refusal(folder)
    assert "slice03.dcm inflates to more than 1,000,000 bytes" in message


@pytest.mark.parametrize("kept_bytes", [0.5, 0.99])
def test_deflated_slice_cut_short(ct_slices: Slices, save: Save, kept_bytes: float) -> None:
    ct_slices[3].file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    folder = save(ct_slices)
    path = folder / "slice03.dcm"
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept_bytes)])
    assert "slice03.dcm" in refusal(folder)


def test_uneven_distances(ct_slices: Slices, save: Save) -> None:
    for k in range(6, 12):
        _shift(ct_slices, k, axis=2, by_mm=0.9 * (k - 5))
    message = refusal(save(ct_slices))
    assert "2.50 to 3.40 mm" in message
    assert "--resample-uneven" in message


def test_gantry_tilt(ct_slices: Slices, save: Save) -> None:
    for k in range(12):
        _shift(ct_slices, k, axis=1, by_mm=2.5 * k * np.tan(np.radians(12)))
    message = refusal(save(ct_slices))
    assert "12.00 degrees" in message
    assert "gantry tilt" in message


def test_slight_tilt_over_a_long_series(ct_slices: Slices, save: Save) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.ImagePositionPatient = ["0", f"{50 * k * np.tan(np.radians(0.08)):.6f}", f"{50 * k}"]
    message = refusal(save(ct_slices))
    assert "0.08 degrees" in message
    assert "shift by 0.77 mm sideways" in message


def test_one_slice_aside(ct_slices: Slices, save: Save) -> None:
    _shift(ct_slices, 4, axis=0, by_mm=3.0)
    message = refusal(save(ct_slices))
    assert "slice04.dcm" in message
    assert "sideways" in message


def test_two_different_slices_at_one_position(ct_slices: Slices, save: Save) -> None:
    intruder = deepcopy(ct_slices[3])
    intruder.PixelData = ct_slices[9].PixelData
    message = refusal(save([*ct_slices, intruder]))
    assert "slice03.dcm and slice12.dcm" in message
    assert "same position" in message


@pytest.mark.parametrize(
    ("keyword", "values", "tag"),
    [
        ("AcquisitionNumber", ("1", "2"), "(0020,0012)"),
        ("TemporalPositionIdentifier", ("1", "2"), "(0020,0100)"),
        ("TriggerTime", ("0", "450.5"), "(0018,1060)"),
        ("ContentTime", ("101500", "101530"), "(0008,0033)"),
    ],
)
def test_two_phases_at_the_same_positions(
    ct_slices: Slices, save: Save, keyword: str, values: tuple[str, str], tag: str
) -> None:
    second = deepcopy(ct_slices)
    for phase, value in zip((ct_slices, second), values, strict=True):
        for dataset in phase:
            setattr(dataset, keyword, value)
    for dataset in second:
        dataset.RescaleIntercept = "-1014"
    message = refusal(save([*ct_slices, *second]))
    assert "2 phases" in message
    assert tag in message
    for value in values:
        assert f"{value}: 12 slices" in message


def test_two_phases_between_one_another(ct_slices: Slices, save: Save) -> None:
    for k in range(1, 12, 2):
        ct_slices[k].AcquisitionNumber = "2"
    message = refusal(save(ct_slices))
    assert "2 phases" in message
    assert "Acquisition Number (0020,0012)" in message


def test_two_phases_half_a_slice_apart_that_only_the_time_tells(ct_slices: Slices, save: Save) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.AcquisitionTime = f"10000{k % 2}"
    message = refusal(save(ct_slices))
    assert "2 phases" in message
    assert "Acquisition Time (0008,0032)" in message
    assert "100001: 6 slices from slice01.dcm" in message


def test_differing_matrix_size(ct_slices: Slices, save: Save) -> None:
    ct_slices[2].Rows, ct_slices[2].Columns = 24, 32
    message = refusal(save(ct_slices))
    assert "Rows (0028,0010)" in message
    assert "24 x 32: slice02.dcm" in message


def test_differing_pixel_spacing(ct_slices: Slices, save: Save) -> None:
    ct_slices[2].PixelSpacing = ["0.9", "0.7"]
    message = refusal(save(ct_slices))
    assert "Pixel Spacing (0028,0030)" in message
    assert "0.9 x 0.7 mm: slice02.dcm" in message


@pytest.mark.parametrize(
    ("keyword", "tag"),
    [
        ("PixelSpacing", "(0028,0030)"),
        ("ImagePositionPatient", "(0020,0032)"),
        ("ImageOrientationPatient", "(0020,0037)"),
        ("Rows", "(0028,0010)"),
        ("SeriesInstanceUID", "(0020,000E)"),
    ],
)
@pytest.mark.parametrize("how", ["absent", "empty"])
def test_missing_tag(ct_slices: Slices, save: Save, keyword: str, tag: str, how: str) -> None:
    if how == "absent":
        delattr(ct_slices[8], keyword)
    else:
        setattr(ct_slices[8], keyword, None)
    message = refusal(save(ct_slices))
    assert "slice08.dcm" in message
    assert f"{tag} is missing" in message


@pytest.mark.parametrize(
    ("written", "spoiled", "tag"),
    [
        (b"0.8\\0.7", b"0,8\\0,7", "(0028,0030)"),
        (b"-8.05\\-20.5", b"-8,05\\-20,5", "(0020,0032)"),
        (b"-8.05\\-20.5", b"-8.05\\  nan", "(0020,0032)"),
        (b"-1024 ", b"-102,4", "(0028,1052)"),
    ],
    ids=["spacing", "position", "not-a-number", "intercept"],
)
def test_decimal_comma(ct_slices: Slices, save: Save, written: bytes, spoiled: bytes, tag: str) -> None:
    folder = save(ct_slices)
    path = folder / "slice01.dcm"
    content = path.read_bytes()
    assert content.count(written) == 1
    path.write_bytes(content.replace(written, spoiled))
    message = refusal(folder)
    assert "slice01.dcm" in message
    assert tag in message
    assert ("decimal comma" in message) == (b"," in spoiled)


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"PixelSpacing": ["0", "0.7"]}, "Pixel Spacing (0028,0030) is 0\\0.7"),
        ({"PixelSpacing": ["0.8"]}, "must hold 2 numbers"),
        ({"ImageOrientationPatient": ["0"] * 6}, "Image Orientation (Patient) (0020,0037)"),
        ({"RescaleSlope": "0"}, "Rescale Slope (0028,1053) is 0"),
        ({"SamplesPerPixel": 3}, "in colour"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "in colour"),
        ({"NumberOfFrames": "2"}, "does not say where each lies"),
        ({"FrameOfReferenceUID": "1.2.3"}, "Frame of Reference UID (0020,0052)"),
    ],
)
def test_unusable_header(ct_slices: Slices, save: Save, changes: dict[str, object], word: str) -> None:
    for keyword, value in changes.items():
        setattr(ct_slices[6], keyword, value)
    message = refusal(save(ct_slices))
    assert word in message
    assert "slice06.dcm" in message


@pytest.mark.parametrize(("keyword", "tag"), [("RescaleSlope", "(0028,1053)"), ("RescaleIntercept", "(0028,1052)")])
def test_slice_that_lost_its_rescaling(ct_slices: Slices, save: Save, keyword: str, tag: str) -> None:
    delattr(ct_slices[6], keyword)
    message = refusal(save(ct_slices))
    assert "slice06.dcm" in message
    assert f"{tag} is missing" in message


@pytest.mark.parametrize(
    "changes",
    [{"Rows": 65535, "Columns": 65535}, {"NumberOfFrames": "999999999"}],
    ids=["rows-and-columns", "frames"],
)
def test_absurd_size_is_refused_before_decoding(ct_slices: Slices, save: Save, changes: dict[str, object]) -> None:
    for keyword, value in changes.items():
        setattr(ct_slices[0], keyword, value)
    message = refusal(save(ct_slices))
    assert "slice00.dcm" in message
    assert "at most 1,073,741,824 are read" in message


def test_mixed_orientations(ct_slices: Slices, save: Save) -> None:
    for dataset in ct_slices[7:]:
        dataset.ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]
    message = refusal(save(ct_slices))
    assert "(0020,0037)" in message
    assert "slice07.dcm" in message


def test_single_slice_folder(ct_slices: Slices, save: Save) -> None:
    assert "at least 2" in refusal(save(ct_slices[:1]))


def test_single_slice_file(ct_slices: Slices, save: Save) -> None:
    message = refusal(save(ct_slices) / "slice00.dcm")
    assert "single slice" in message
    assert "folder" in message


def test_constant_image(ct_slices: Slices, save: Save) -> None:
    for dataset in ct_slices:
        dataset.PixelData = b"\x18\x00" * (32 * 24)
    assert "all its voxels are -1000" in refusal(save(ct_slices))


def test_several_series_are_listed_never_guessed(ct_slices: Slices, save: Save) -> None:
    for dataset in ct_slices[6:]:
        dataset.SeriesInstanceUID = "1.2.3.77"
        dataset.SeriesNumber = "9"
        dataset.SeriesDescription = "Lung kernel"
    message = refusal(save(ct_slices))
    assert "2 image series" in message
    assert "CT, 6 slices, series 4, 'Thorax 2.5'" in message
    assert "CT, 6 slices, series 9, 'Lung kernel', 1.2.3.77" in message
    assert "--series" in message


@pytest.mark.parametrize(
    ("wanted", "word"), [("7", "fits none"), ("1.2.3.", "fits 2")], ids=["unknown-number", "ambiguous"]
)
def test_unclear_choice_of_series(ct_slices: Slices, save: Save, wanted: str, word: str) -> None:
    for k, dataset in enumerate(ct_slices):
        dataset.SeriesInstanceUID = "1.2.3.77" if k < 6 else "1.2.3.88"
    with pytest.raises(InputError, match=word):
        read_volume(save(ct_slices), series=wanted)


def test_series_chosen_for_a_file(enhanced_ct: Dataset, save: Save) -> None:
    with pytest.raises(UsageError, match="no folder"):
        read_volume(save([enhanced_ct]) / "slice00.dcm", series="4")


def test_folder_without_image_series(ct_slices: Slices, save: Save) -> None:
    ct_slices[0].SOPClassUID = SegmentationStorage
    folder = save(ct_slices[:1])
    message = refusal(folder)
    assert "no CT, PET or MR image series" in message
    assert "Segmentation Storage" in message
    assert "Segmentation Storage" in refusal(folder / "slice00.dcm")


def test_missing_folder(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "content", [b"these are notes, no image" * 20, b"\x08\x00\x05\x00CS\x0a\x00ISO_IR 100"], ids=["text", "no-preamble"]
)
def test_file_named_dcm_that_is_none(ct_slices: Slices, save: Save, content: bytes) -> None:
    folder = save(ct_slices)
    (folder / "extra.dcm").write_bytes(content)
    message = refusal(folder)
    assert "extra.dcm" in message
    assert "DICOM mark" in message


def test_codec_that_nobody_has(ct_slices: Slices, save: Save) -> None:
    folder = save(ct_slices)
    path = folder / "slice03.dcm"
    spoiled = ct_slices[3]
    spoiled.file_meta.TransferSyntaxUID = JPEGExtended12Bit
    spoiled.PixelData = encapsulate([b"\xff\xd8 no such picture \xff\xd9 "])
    spoiled["PixelData"].is_undefined_length = True
    spoiled.save_as(path, enforce_file_format=True)
    message = refusal(folder)
    assert "slice03.dcm" in message
    assert "JPEG Extended" in message


def test_compressed_slice_cut_short(ct_slices: Slices, save: Save) -> None:
    ct_slices[3].compress(RLELossless)
    folder = save(ct_slices)
    path = folder / "slice03.dcm"
    path.write_bytes(path.read_bytes()[:-300])
    message = refusal(folder)
    assert "slice03.dcm" in message
    assert "truncated" in message


def test_bytes_overwritten_at_random_never_escape(enhanced_ct: Dataset, save: Save) -> None:
    folder = save([enhanced_ct])
    path = folder / "slice00.dcm"
    sound = path.read_bytes()
    header_end = len(sound) - len(enhanced_ct.PixelData)
    chance = random.Random(2)
    for _ in range(150):
        spoiled = bytearray(sound)
        spoiled[chance.randrange(132, header_end)] = chance.randrange(256)
        path.write_bytes(spoiled)
        with suppress(InputError):
            assert read_volume(folder).array.size > 0


def test_unknown_transfer_syntax(ct_slices: Slices, save: Save) -> None:
    folder = save(ct_slices)
    path = folder / "slice03.dcm"
    content = path.read_bytes()
    assert content.count(ExplicitVRLittleEndian.encode()) == 1
    path.write_bytes(content.replace(ExplicitVRLittleEndian.encode(), b"1.2.840.10008.1.2.9"))
    message = refusal(folder)
    assert "slice03.dcm" in message
    assert "Transfer Syntax UID (0002,0010)" in message


def test_enhanced_object_with_wrong_number_of_frames(enhanced_ct: Dataset, save: Save) -> None:
    enhanced_ct.NumberOfFrames = 11
    message = refusal(save([enhanced_ct]) / "slice00.dcm")
    assert "Number of Frames (0028,0008) is 11, but 12 frames are described" in message


def test_enhanced_object_cut_short(enhanced_ct: Dataset, save: Save) -> None:
    path = save([enhanced_ct]) / "slice00.dcm"
    path.write_bytes(path.read_bytes()[:-2000])
    assert "truncated" in refusal(path)


def test_enhanced_object_with_a_missing_slice(enhanced_ct: Dataset, save: Save) -> None:
    frames = enhanced_ct.PerFrameFunctionalGroupsSequence
    frames[4].PlanePositionSequence[0].ImagePositionPatient = ["-8.05", "-20.5", "300"]
    message = refusal(save([enhanced_ct]) / "slice00.dcm")
    assert "frame" in message
    assert "mm between slice00.dcm frame" in message


def test_two_enhanced_phases_of_one_series(enhanced_ct: Dataset, save: Save) -> None:
    second = deepcopy(enhanced_ct)
    second.SOPInstanceUID = generate_uid()
    second.PixelData = bytes(reversed(second.PixelData))
    message = refusal(save([enhanced_ct, second]))
    assert "2 phases" in message
    assert "slice01.dcm: 12 slices" in message
