"""NRRD, NIfTI and MetaImage: what is read, what is refused, and that all formats agree in patient space."""

import gzip
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import Dataset

from prognosis.errors import InputError, UsageError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.readers import read_volume
from prognosis.imaging.scalar.files import open_image_file
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

SUFFIXES = [".nrrd", ".nii", ".nii.gz", ".mha"]


@pytest.fixture
def volume() -> Volume:
    """Oblique, its axes permuted and flipped."""
    angle = np.radians(17)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    direction = turned[:, [2, 0, 1]] * [1, -1, 1]
    geometry = Geometry((7, 6, 5), (1.1, 0.9, 3.3), (5.5, -60.25, 700.0), tuple(direction.ravel()))
    values = np.random.default_rng(3).integers(-1000, 2000, geometry.shape).astype(np.int16)
    return Volume(values, geometry, modality="CT", phantom="lesions")


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_volume(path)
    message = str(caught.value)
    assert path.name in message
    assert "Traceback" not in message
    assert "itk" not in message
    return message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_round_trip(volume: Volume, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"image{suffix}"
    write_volume(volume, path)
    again = read_volume(path)
    np.testing.assert_array_equal(again.array, volume.array)
    assert again.array.dtype == np.int16
    np.testing.assert_allclose(again.geometry.affine, volume.geometry.affine, atol=1e-4)
    assert list(tmp_path.iterdir()) == [path]
    if not suffix.startswith(".nii"):
        assert (again.modality, again.phantom) == ("CT", "lesions")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_same_as_dicom_in_patient_space(
    volume: Volume, tmp_path: Path, suffix: str, ct_slices: list[Dataset], save: Callable[[list[Dataset]], Path]
) -> None:
    row, column = np.array([0.8, 0.6, 0]), np.array([-0.36, 0.48, -0.8])
    for k, dataset in enumerate(ct_slices):
        dataset.ImageOrientationPatient = [f"{cosine:g}" for cosine in (*row, *column)]
        dataset.ImagePositionPatient = [f"{value:.8g}" for value in 2.5 * k * np.cross(row, column)]
    dicom = read_volume(save(ct_slices))
    flipped = Volume(
        dicom.array.transpose(1, 2, 0)[:, ::-1],
        Geometry.from_affine(
            dicom.geometry.affine @ [[0, -1, 0, 23], [0, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 1]], (12, 24, 32)
        ),
    )
    write_volume(flipped, tmp_path / f"image{suffix}")
    again = read_volume(tmp_path / f"image{suffix}")
    mapping = again.geometry.lattice_map_from(dicom.geometry)
    assert mapping is not None
    for index in ([0, 0, 0], [23, 31, 11], [4, 9, 2]):
        i, j, k = mapping @ [*index, 1]
        assert again.array[k, j, i] == dicom.array[index[2], index[1], index[0]]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64, np.bool_, np.float16])
def test_kinds_of_values(volume: Volume, tmp_path: Path, suffix: str, kind: type) -> None:
    values = (volume.array > 0).astype(kind)
    write_volume(Volume(values, volume.geometry), tmp_path / f"a{suffix}")
    np.testing.assert_array_equal(read_volume(tmp_path / f"a{suffix}").array, values.astype(np.float64))


def test_unknown_suffix_is_not_written(volume: Volume, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.png"):
        write_volume(volume, tmp_path / "image.png")
    with pytest.raises(UsageError, match="cannot be written"):
        write_volume(volume, tmp_path / "nowhere" / "image.nrrd")
    assert list(tmp_path.iterdir()) == []


def test_failed_write_keeps_the_old_file(volume: Volume, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "image.nrrd"
    write_volume(volume, path)
    before = path.read_bytes()

    def disk_full(*_: object, **__: object) -> None:
        raise RuntimeError("no space left on device")

    monkeypatch.setattr(sitk, "WriteImage", disk_full)
    with pytest.raises(UsageError, match="completely"):
        write_volume(volume, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kept", [0.0, 0.02, 0.5, 0.98], ids=["empty", "header", "half", "end"])
def test_truncated_file(volume: Volume, tmp_path: Path, suffix: str, kept: float) -> None:
    path = tmp_path / f"image{suffix}"
    write_volume(volume, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    refusal(path)


def test_damaged_gzip_stream(volume: Volume, tmp_path: Path) -> None:
    path = tmp_path / "image.nii.gz"
    write_volume(volume, path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert "truncated or damaged" in refusal(path)


@pytest.mark.parametrize("suffix", [".nrrd", ".mha"])
@pytest.mark.parametrize("from_the_end", [2, 7, 60, 120])
def test_damaged_compressed_voxels(volume: Volume, tmp_path: Path, suffix: str, from_the_end: int) -> None:
    path = tmp_path / f"image{suffix}"
    write_volume(volume, path)
    content = bytearray(path.read_bytes())
    content[-from_the_end] ^= 0x5A
    path.write_bytes(content)
    told = refusal(path)
    assert "truncated or damaged" in told or "more voxels than" in told


def _compressed_mha(path: Path, size: int | None) -> Path:
    data = zlib.compress(np.arange(120, dtype="<i2").tobytes())
    told = "" if size is None else f"CompressedDataSize = {len(data) + size}\n"
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\nCompressedData = True\n"
        f"{told}Offset = 0 0 0\nElementSpacing = 1 1 2\nDimSize = 6 5 4\nElementType = MET_SHORT\n"
        "ElementDataFile = LOCAL\n"
    )
    path.write_bytes(header.encode() + data)
    return path


def test_compressed_size_must_be_told(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_volume(_compressed_mha(tmp_path / "a.mha", 0)).array.ravel(), np.arange(120))
    for size in (None, -5, 9):
        assert "truncated or damaged" in refusal(_compressed_mha(tmp_path / "a.mha", size))


@pytest.mark.parametrize(
    ("name", "line"), [("a.nhdr", "data file: data.raw\n"), ("a.mhd", "ElementDataFile = data.raw\n")]
)
@pytest.mark.parametrize("damage", ["none", "flipped", "cut", "longer"])
def test_compressed_data_beside_its_header(tmp_path: Path, name: str, line: str, damage: str) -> None:
    path = _detached(tmp_path, name, line)
    path.write_text(
        path.read_text().replace("encoding: raw", "encoding: gzip").replace("NDims", "CompressedData = True\nNDims")
    )
    raw = (tmp_path / "data.raw").read_bytes() + (b"more" if damage == "longer" else b"")
    data = bytearray(gzip.compress(raw) if name == "a.nhdr" else zlib.compress(raw))
    if damage == "flipped":
        data[-6] ^= 1
    (tmp_path / "data.raw").write_bytes(data[:-9] if damage == "cut" else data)
    if damage == "none":
        np.testing.assert_array_equal(read_volume(path).array.ravel(), np.arange(120))
    else:
        assert ("more voxels" if damage == "longer" else "truncated or damaged") in refusal(path)


def test_gzip_of_several_members(tmp_path: Path) -> None:
    path = _detached(tmp_path, "a.nhdr", "data file: data.raw\n")
    path.write_text(path.read_text().replace("encoding: raw", "encoding: gzip"))
    raw = (tmp_path / "data.raw").read_bytes()
    (tmp_path / "data.raw").write_bytes(gzip.compress(raw[:100]) + gzip.compress(raw[100:]))
    np.testing.assert_array_equal(read_volume(path).array.ravel(), np.arange(120))


@pytest.mark.parametrize("skip", ["byte skip: 4\n", "line skip: 1\n"])
def test_compressed_voxels_behind_something_else(tmp_path: Path, skip: str) -> None:
    path = _detached(tmp_path, "a.nhdr", f"{skip}data file: data.raw\n")
    path.write_text(path.read_text().replace("encoding: raw", "encoding: gzip"))
    assert "behind skipped bytes" in refusal(path)


@pytest.mark.parametrize(
    ("name", "line", "skip"),
    [
        ("a.nhdr", "data file: data.raw\n", "byte skip: 7\n"),
        ("a.mhd", "ElementDataFile = data.raw\n", "HeaderSize = 7\n"),
    ],
)
def test_raw_data_longer_than_announced(tmp_path: Path, name: str, line: str, skip: str) -> None:
    path = _detached(tmp_path, name, line)
    (tmp_path / "data.raw").write_bytes(b"a head " + (tmp_path / "data.raw").read_bytes())
    assert "more voxels than the 240 bytes" in refusal(path)
    path.write_text(path.read_text().replace(line, skip + line))
    np.testing.assert_array_equal(read_volume(path).array.ravel(), np.arange(120))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_number(volume: Volume, tmp_path: Path, suffix: str, odd: float) -> None:
    values = volume.array.astype(np.float32)
    values[1, 2, 3:6] = odd
    write_volume(Volume(values, volume.geometry), tmp_path / f"image{suffix}")
    message = refusal(tmp_path / f"image{suffix}")
    assert "NaN or infinite" in message
    if not suffix.startswith(".nii"):
        assert "3 voxels" in message


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_constant_image(volume: Volume, tmp_path: Path, suffix: str) -> None:
    write_volume(Volume(np.full_like(volume.array, -1000), volume.geometry), tmp_path / f"image{suffix}")
    assert "all its voxels are -1000" in refusal(tmp_path / f"image{suffix}")


@pytest.mark.parametrize(
    ("shape", "vector", "name", "word"),
    [
        ((8, 9), False, "a.nrrd", "2 dimensions"),
        ((1, 8, 9), False, "a.nii.gz", "flat"),
        ((3, 4, 8, 9), False, "a.nrrd", "4 dimensions"),
        ((3, 4, 8, 9), False, "a.nii", "4 dimensions"),
        ((4, 8, 9, 3), True, "a.nrrd", "several values a voxel"),
        ((4, 8, 9, 3), True, "a.mha", "several values a voxel"),
    ],
)
def test_other_than_one_volume(tmp_path: Path, shape: tuple[int, ...], vector: bool, name: str, word: str) -> None:
    image = sitk.GetImageFromArray(np.arange(np.prod(shape), dtype=np.int16).reshape(shape), isVector=vector)
    sitk.WriteImage(image, tmp_path / name)
    assert word in refusal(tmp_path / name)


def test_segmentation_given_as_image(tmp_path: Path) -> None:
    image = sitk.GetImageFromArray(np.arange(60, dtype=np.uint8).reshape(3, 4, 5))
    image.SetMetaData("Segment0_ID", "tumour")
    sitk.WriteImage(image, tmp_path / "a.seg.nrrd")
    assert "is a segmentation" in refusal(tmp_path / "a.seg.nrrd")


def _detached(folder: Path, name: str, data_line: str) -> Path:
    """A header beside its data 'data.raw', its line that names the data replaced."""
    values = np.arange(4 * 5 * 6, dtype="<i2")
    folder.mkdir(exist_ok=True)
    (folder / "data.raw").write_bytes(values.tobytes())
    if name.endswith("hdr"):
        header = (
            "NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 6 5 4\n"
            "space directions: (1,0,0) (0,1,0) (0,0,2)\nencoding: raw\nendian: little\nspace origin: (0,0,0)\n"
        )
    else:
        header = (
            "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
            "ElementSpacing = 1 1 2\nDimSize = 6 5 4\nElementType = MET_SHORT\n"
        )
    (folder / name).write_text(header + data_line)
    return folder / name


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.nhdr", "data file: data.raw\n"),
        ("a.nhdr", "datafile: data.raw\n"),
        ("a.nhdr", "data file: LIST 3\ndata.raw\n"),
        ("a.mhd", "ElementDataFile = data.raw\n"),
    ],
)
def test_data_beside_its_header(tmp_path: Path, name: str, line: str) -> None:
    array = read_volume(_detached(tmp_path, name, line)).array
    np.testing.assert_array_equal(array.ravel(), np.arange(120))


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("a.nhdr", "data file: ../secret.raw\n"),
        ("a.nhdr", "data file: {absolute}\n"),
        ("a.nhdr", "DataFile: {absolute}\n"),
        ("a.nrrd", "data file: {absolute}\n\n"),
        ("a.nhdr", "data file: LIST\n../secret.raw\n"),
        ("a.nhdr", "data file: ../secret%d.raw 0 0 1\n"),
        ("a.nhdr", "data file: sub/data.raw\n"),
        ("a.nhdr", "data file: ..\\secret.raw\n"),
        ("a.nhdr", "data file: C:secret.raw\n"),
        ("a.mhd", "ElementDataFile = ../secret.raw\n"),
        ("a.mhd", "ElementDataFile: {absolute}\n"),
        ("a.mha", "ElementDataFile = {absolute}\n"),
        ("a.mhd", "ElementDataFile = LIST\n../secret.raw\n"),
        ("a.mhd", "ElementDataFile = ../secret%d.raw 0 0 1\n"),
    ],
)
def test_data_elsewhere_is_refused(tmp_path: Path, name: str, line: str) -> None:
    for secret in ("secret.raw", "secret0.raw"):
        (tmp_path / secret).write_bytes(np.arange(120, dtype="<i2").tobytes())
    path = _detached(tmp_path / "mine", name, line.format(absolute=tmp_path / "secret.raw"))
    message = refusal(path)
    assert "outside its own folder" in message
    with pytest.raises(InputError):
        open_image_file(path)


@pytest.mark.parametrize(
    ("name", "line"), [("a.nhdr", "data file: gone.raw\n"), ("a.mhd", "ElementDataFile = gone.raw\n")]
)
def test_data_file_missing(tmp_path: Path, name: str, line: str) -> None:
    assert "'gone.raw', which is missing" in refusal(_detached(tmp_path, name, line))


@pytest.mark.parametrize(
    ("name", "line", "old", "new", "word"),
    [
        ("a.nhdr", "data file: data.raw\n", "space directions: (1,0,0) (0,1,0) (0,0,2)\n", "", "no voxel spacing"),
        ("a.mhd", "ElementDataFile = data.raw\n", "ElementSpacing = 1 1 2\n", "", "no voxel spacing"),
        ("a.nhdr", "data file: data.raw\n", "(0,0,2)", "(0,1,2)", "right angles"),
        ("a.nhdr", "data file: data.raw\n", "encoding", 'space units: "cm" "cm" "cm"\nencoding', "in cm"),
        ("a.nhdr", "data file: data.raw\n", "(0,0,2)", "none", "no voxel spacing"),
        ("a.nhdr", "data file: data.raw\n", "left-posterior-superior", "scanner-xyz", "space 'scanner-xyz'"),
        ("a.nhdr", "data file: data.raw\n", "left-posterior-superior", "3D-right-handed", "space '3D-right-handed'"),
        ("a.nhdr", "data file: data.raw\n", "origin: (0,0,0)", "origin: (nan,nan,nan)", "'space origin' in its header"),
        ("a.nhdr", "data file: data.raw\n", "origin: (0,0,0)", "origin: none", "'space origin' in its header"),
        ("a.mhd", "ElementDataFile = data.raw\n", "DimSize", "DistanceUnits = cm\nDimSize", "in cm"),
        ("a.mhd", "ElementDataFile = data.raw\n", "DimSize", "Offset = nan 0 0\nDimSize", "'offset' in its header"),
        ("a.mhd", "ElementDataFile = data.raw\n", "DimSize", "Position = 0 -inf 0\nDimSize", "'position' in its"),
        ("a.mhd", "ElementDataFile = data.raw\n", "DimSize", "Offset = 1,5 2 3\nDimSize", "'1,5 2 3', not numbers"),
        ("a.nhdr", "data file: data.raw\n", "6 5 4", "60000 50000 40000", "at most 1,073,741,824 are read"),
        ("a.mhd", "ElementDataFile = data.raw\n", "6 5 4", "60000 50000 40000", "at most 1,073,741,824 are read"),
    ],
    ids=[
        "nrrd-spacing",
        "mhd-spacing",
        "sheared",
        "units",
        "axis-without-spacing",
        "scanner-space",
        "space-of-no-patient",
        "nrrd-origin",
        "no-nrrd-origin",
        "mhd-units",
        "mhd-offset",
        "mhd-position",
        "decimal-comma",
        "nrrd-size",
        "mhd-size",
    ],
)
def test_unusable_text_header(tmp_path: Path, name: str, line: str, old: str, new: str, word: str) -> None:
    path = _detached(tmp_path, name, line)
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new))
    assert word in refusal(path)


@pytest.mark.parametrize(
    ("name", "line", "left_out", "word"),
    [
        ("a.nhdr", "data file: data.raw\n", "space: left-posterior-superior\n", "(no space): LPS axes assumed"),
        ("a.nhdr", "data file: data.raw\n", "space origin: (0,0,0)\n", "(no origin): position 0 assumed"),
        ("a.mhd", "ElementDataFile = data.raw\n", "", "(no origin): position 0 assumed"),
    ],
    ids=["space", "origin", "mhd"],
)
def test_header_that_does_not_say_where_the_image_lies(
    tmp_path: Path, name: str, line: str, left_out: str, word: str
) -> None:
    path = _detached(tmp_path, name, line)
    instead = "space dimension: 3\n" if left_out.startswith("space:") else ""
    path.write_text(path.read_text().replace(left_out, instead) if left_out else path.read_text())
    assert word in " ".join(read_volume(path).notes)


def test_spacings_alone_place_nothing(tmp_path: Path) -> None:
    path = _detached(tmp_path, "a.nhdr", "data file: data.raw\n")
    kept = [line for line in path.read_text().splitlines(keepends=True) if not line.startswith("space")]
    path.write_text("".join([*kept[:-1], "spacings: 1 1 2\n", kept[-1]]))
    assert "(no space, no origin): LPS axes and position 0 assumed" in " ".join(read_volume(path).notes)


def test_place_that_is_told_needs_no_note(tmp_path: Path) -> None:
    assert read_volume(_detached(tmp_path, "a.nhdr", "data file: data.raw\n")).notes == ()


def _edited_nifti(volume: Volume, path: Path, edits: list[tuple[str, int, float]]) -> Path:
    write_volume(volume, path.with_name("plain.nii"))
    content = bytearray(path.with_name("plain.nii").read_bytes())
    for kind, offset, value in edits:
        struct.pack_into(f"<{kind}", content, offset, int(value) if kind != "f" else value)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    ("edits", "word"),
    [
        ([("f", 284, 0.9)], "right angles"),
        ([("f", 284, 0.9), ("h", 252, 0)], "orthonormal"),
        ([("B", 123, 1)], "millimetres"),
        ([("f", 88, 0.0)], "pixdim"),
        ([("h", 42, 32000), ("h", 44, 32000), ("h", 46, 32000)], "at most 1,073,741,824 are read"),
        ([("B", 344, 0)], "not a NIfTI-1 file"),
        ([("f", 292, np.nan)], "qform or sform"),
        ([("h", 254, 0), ("f", 260, np.nan)], "qform or sform"),
        ([("f", 108, 0.0)], "vox_offset 0"),
        ([("f", 108, 348.0)], "vox_offset 348"),
        ([("f", 108, -400.0)], "vox_offset -400"),
        ([("f", 112, 0.0), ("f", 116, -1024.0)], "scl_slope 0, scl_inter -1024"),
    ],
    ids=[
        "sheared-sform",
        "sheared-without-qform",
        "metres",
        "no-spacing",
        "absurd-size",
        "magic",
        "sform-no-number",
        "qform-no-number",
        "no-offset",
        "offset-within-the-header",
        "negative-offset",
        "intercept-without-slope",
    ],
)
def test_unusable_nifti_header(
    volume: Volume, tmp_path: Path, name: str, edits: list[tuple[str, int, float]], word: str
) -> None:
    straight = Volume(volume.array, Geometry((7, 6, 5), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0)))
    assert word in refusal(_edited_nifti(straight, tmp_path / name, edits))


def test_decimal_nifti_with_its_voxels_in_the_header(volume: Volume, tmp_path: Path) -> None:
    decimal = Volume(volume.array.astype(np.float32), volume.geometry)
    assert "vox_offset 0" in refusal(_edited_nifti(decimal, tmp_path / "a.nii", [("f", 108, 0.0)]))


@pytest.mark.parametrize("slope", [0.0, 1.0, np.nan])
def test_nifti_without_scaling(volume: Volume, tmp_path: Path, slope: float) -> None:
    path = _edited_nifti(volume, tmp_path / "a.nii", [("f", 112, slope), ("f", 116, 0.0)])
    np.testing.assert_array_equal(read_volume(path).array, volume.array)


@pytest.mark.parametrize("bad", [{"origin": (0.0, np.nan, 0.0)}, {"direction": (np.inf, *[0.0] * 8)}])
def test_geometry_is_finite(bad: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="finite origin and direction"):
        Geometry(**{"size": (2, 2, 2), "spacing": (1.0, 1.0, 1.0), "origin": (0.0, 0.0, 0.0), **bad})


def test_nifti_that_does_not_say_where_it_lies(volume: Volume, tmp_path: Path) -> None:
    path = _edited_nifti(volume, tmp_path / "a.nii", [("h", 252, 0), ("h", 254, 0)])
    assert "does not tell where it lies" in " ".join(read_volume(path).notes)


def test_big_endian_files(volume: Volume, tmp_path: Path) -> None:
    path = _detached(tmp_path, "a.nhdr", "data file: data.raw\n")
    (tmp_path / "data.raw").write_bytes(np.arange(120, dtype=">i2").tobytes())
    path.write_text(path.read_text().replace("little", "big"))
    np.testing.assert_array_equal(read_volume(path).array.ravel(), np.arange(120))


@pytest.mark.parametrize("name", ["a.txt", "a", "a.nii.zip"])
def test_unknown_kind_of_file(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("no image")
    assert "not an image file known here" in refusal(tmp_path / name)


def test_missing_file(tmp_path: Path) -> None:
    assert "does not exist" in refusal(tmp_path / "a.nrrd")


def test_nothing_reaches_stderr(volume: Volume, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    straight = Volume(volume.array, Geometry((7, 6, 5), (1.0, 2.0, 3.0), (5.0, 6.0, 7.0)))
    refusal(_edited_nifti(straight, tmp_path / "a.nii", [("f", 284, 0.9)]))
    assert capfd.readouterr().err == ""
