"""What goes wrong with segmentations in real life, and what the reader says then."""

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk
from making_lesion_files import a_ct, outlines_of, slices_of, write_rtstruct, write_seg
from pydicom.uid import RLELossless, generate_uid

from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import LesionChoice
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_readers import read_lesions, read_organs
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.placing import place_on


def save_labels(path, array, geometry: Geometry):
    itk_image = sitk.GetImageFromArray(array)
    itk_image.SetSpacing(geometry.spacing)
    itk_image.SetOrigin(geometry.origin)
    itk_image.SetDirection(geometry.direction)
    sitk.WriteImage(itk_image, str(path))
    return path


def test_an_empty_label_map_is_a_result_without_lesions(image, tmp_path):
    path = save_labels(tmp_path / "none.nii.gz", np.zeros(image.geometry.shape, np.uint8), image.geometry)
    read = read_lesions(path, image)
    assert read.lesions == ()
    assert read.notes == ("the segmentation holds no lesion",)


def test_an_empty_segment_of_a_seg_is_left_out_and_said(image, masks, tmp_path):
    masks = {"empty": np.zeros_like(masks["LN 4R"]), **masks}
    read = read_lesions(write_seg(tmp_path / "s.dcm", image, masks, omit_empty_frames=False), image)
    assert [(lesion.label, lesion.name) for lesion in read.lesions] == [(1, "Tumor left"), (2, "LN 4R")]
    assert read.notes == ("segment 'empty' is empty and left out",)


def test_a_region_without_contours_is_left_out_and_said(image, masks, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": outlines_of(masks["LN 4R"], image.geometry), "none": []})
    read = read_lesions(path, image)
    assert [lesion.name for lesion in read.lesions] == ["GTV"]
    assert read.notes == ("'none' has no closed contour and is left out",)


@pytest.mark.parametrize("kind", ["seg", "seg.nrrd"])
def test_overlapping_lesions_keep_their_own_voxels(kind, image, masks, tmp_path):
    grown = masks["Tumor left"] | np.roll(masks["Tumor left"], 3, axis=2)
    overlapping = {"a": masks["Tumor left"], "b": grown}
    if kind == "seg":
        path = write_seg(tmp_path / "s.dcm", image, overlapping)
    else:
        path = tmp_path / "s.seg.nrrd"
        lesions = [LesionMask(n, name, mask, image.geometry) for n, (name, mask) in enumerate(overlapping.items(), 1)]
        write_seg_nrrd(lesions, image.geometry, path)
    read = read_lesions(path, image)
    assert [int(lesion.mask.sum()) for lesion in read.lesions] == [int(m.sum()) for m in overlapping.values()]


def test_a_mask_on_a_coarser_lattice_is_matched_in_patient_space(image, masks, tmp_path):
    fine = Geometry((60, 52, 28), (0.75, 0.625, 1.5), (-20.375, 12.1875, -340.75))
    doubled = masks["Tumor left"].repeat(2, 0).repeat(2, 1).repeat(2, 2).astype(np.uint8)
    read = read_lesions(save_labels(tmp_path / "fine.nrrd", doubled, fine), image)
    expected = LesionMask(1, "drawn", masks["Tumor left"], image.geometry)
    np.testing.assert_allclose(read.lesions[0].centroid, expected.centroid, atol=1e-6)
    assert read.lesions[0].volume_mm3 == pytest.approx(expected.volume_mm3)
    placed = place_on(read.lesions[0], image.geometry)
    assert placed.resampled
    np.testing.assert_array_equal(masks["Tumor left"][placed.slices], placed.mask)


@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
def test_another_frame_of_reference_is_refused_naming_both(kind, image, masks, tmp_path):
    if kind == "seg":
        path = write_seg(tmp_path / "s.dcm", image, masks)
        theirs = str(pydicom.dcmread(path).FrameOfReferenceUID)
    else:
        theirs = generate_uid()
        outlines = {"GTV": outlines_of(masks["LN 4R"], image.geometry)}
        path = write_rtstruct(tmp_path / "r.dcm", outlines, frame_of_reference=theirs)
    other = type(image)(image.array, image.geometry, frame_of_reference_uid="1.2.3.4")
    with pytest.raises(InputError, match=rf"{theirs}, the image to 1\.2\.3\.4"):
        read_lesions(path, other)
    unknown = type(image)(image.array, image.geometry)
    assert read_lesions(path, unknown).frame_of_reference_uid == theirs


def test_lesions_drawn_on_another_series_of_the_frame_are_said_to_be(image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    other = type(image)(
        image.array, image.geometry, frame_of_reference_uid=image.frame_of_reference_uid, series_uid="1.2.3"
    )
    assert read_lesions(path, image).notes == ()
    assert "another series" in read_lesions(path, other).notes[0]


@pytest.mark.parametrize("kind", ["seg", "rtstruct", "seg.nrrd"])
def test_a_lesion_partly_outside_tells_the_part_lost(kind, image, masks, tmp_path):
    lesion = LesionMask(1, "LN", masks["LN 4R"], image.geometry)
    if kind == "seg":
        path = write_seg(tmp_path / "s.dcm", image, {"LN": masks["LN 4R"]})
    elif kind == "rtstruct":
        path = write_rtstruct(tmp_path / "r.dcm", {"LN": outlines_of(masks["LN 4R"], image.geometry)})
    else:
        path = tmp_path / "s.seg.nrrd"
        write_seg_nrrd([lesion], image.geometry, path)
    part = a_ct(image.geometry.crop((0, 0, 0), (24, 26, 14)))
    read = read_lesions(path, part).lesions[0]
    assert read.volume_mm3 == lesion.volume_mm3
    assert read.notes == ("20.0% of it lies outside the image", "cut by the image border")


@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
def test_a_lesion_wholly_outside_is_refused_by_name(kind, image, masks, tmp_path):
    if kind == "seg":
        path = write_seg(tmp_path / "s.dcm", image, masks)
    else:
        path = write_rtstruct(tmp_path / "r.dcm", {n: outlines_of(m, image.geometry) for n, m in masks.items()})
    part = a_ct(image.geometry.crop((0, 0, 0), (18, 26, 7)))
    with pytest.raises(InputError, match=r"'LN 4R' of .* wholly outside"):
        read_lesions(path, part)
    assert len(read_lesions(path, part, LesionChoice(names=("Tumor*",))).lesions) == 1


def test_three_hundred_lesions_keep_their_own_labels(image, tmp_path):
    labels = np.zeros(image.geometry.shape, np.uint16)
    places = np.argwhere(np.ones((5, 8, 8), bool))[:300] * [2, 3, 3] + 1
    labels[tuple(places.T)] = np.arange(1, 301)
    read = read_lesions(save_labels(tmp_path / "many.nrrd", labels, image.geometry), image)
    assert [lesion.label for lesion in read.lesions] == list(range(1, 301))
    k, j, i = places[299]
    np.testing.assert_allclose(read.lesions[299].centroid, image.geometry.to_patient([i, j, k]))
    write_seg_nrrd(read.lesions, image.geometry, tmp_path / "many.seg.nrrd")
    again = read_lesions(tmp_path / "many.seg.nrrd", image)
    np.testing.assert_allclose(again.lesions[299].centroid, read.lesions[299].centroid)


def test_labels_beyond_16_bits_are_kept_apart(image, masks, tmp_path):
    labels = np.zeros(image.geometry.shape, np.uint32)
    labels[masks["Tumor left"]], labels[masks["LN 4R"]] = 65536 + 7, 7
    read = read_lesions(save_labels(tmp_path / "wide.nrrd", labels, image.geometry), image)
    assert [lesion.name for lesion in read.lesions] == ["lesion 7", "lesion 65543"]
    assert [int(lesion.mask.sum()) for lesion in read.lesions] == [masks["LN 4R"].sum(), masks["Tumor left"].sum()]


def test_more_than_65535_labels_are_refused(tmp_path):
    geometry = Geometry((64, 64, 17), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    labels = np.arange(64 * 64 * 17, dtype=np.uint32).reshape(geometry.shape)
    with pytest.raises(InputError, match="69631 labels"):
        read_lesions(save_labels(tmp_path / "huge.nrrd", labels, geometry), a_ct(geometry))


def test_a_single_voxel_and_a_lesion_at_the_border_are_said_to_be(image, tmp_path):
    labels = np.zeros(image.geometry.shape, np.uint8)
    labels[5, 6, 7] = 1
    labels[5, 10:12, 29] = 2
    labels[0:3, 20, 4:6] = 3
    labels[5, 15:18, 12] = 4
    read = read_lesions(save_labels(tmp_path / "l.nrrd", labels, image.geometry), image)
    assert [lesion.notes for lesion in read.lesions] == [
        ("a single voxel",),
        ("cut by the image border",),
        ("cut by the image border",),
        (),
    ]


def test_a_lesion_smaller_than_the_images_voxels_is_kept_and_said(tmp_path):
    fine = Geometry((40, 40, 40), (0.5, 0.5, 0.5), (0.0, 0.0, 0.0))
    labels = np.zeros(fine.shape, np.uint8)
    labels[10, 10, 10] = 1
    coarse = a_ct(Geometry((5, 5, 5), (4.0, 4.0, 4.0), (0.0, 0.0, 0.0)))
    read = read_lesions(save_labels(tmp_path / "l.nrrd", labels, fine), coarse)
    assert read.lesions[0].notes == ("too small to hold a voxel centre of the image",)


def test_several_islands_warn(image, masks, tmp_path):
    both = (masks["Tumor left"] | masks["LN 4R"]).astype(np.uint8)
    read = read_lesions(save_labels(tmp_path / "l.nrrd", both, image.geometry), image)
    assert read.lesions[0].notes == ("2 separate islands: add --split-components to score them one by one",)


def test_islands_become_lesions_largest_first_and_small_ones_are_counted(image, masks, tmp_path):
    both = (masks["Tumor left"] | masks["LN 4R"]).astype(np.uint8)
    both[12, 24, 2] = both[13, 25, 3] = 1
    both[12, 2, 27] = 1
    path = save_labels(tmp_path / "l.nrrd", both, image.geometry)
    choice = LesionChoice(split_components=True)
    every = read_lesions(path, image, choice).lesions
    assert [int(lesion.mask.sum()) for lesion in every] == [masks["Tumor left"].sum(), masks["LN 4R"].sum(), 2, 1]
    assert [lesion.label for lesion in every] == [1, 2, 3, 4]
    assert every[1].name == "lesion 1 island 2"
    large = read_lesions(path, image, LesionChoice(split_components=True, min_volume_mm3=50.0))
    assert len(large.lesions) == 2
    assert large.notes == ("2 island(s) smaller than 50 mm3 left out",)


@pytest.mark.parametrize(
    ("value", "shown"), [(np.nan, "NaN"), (0.37, "0.37"), (np.inf, "inf"), (1e30, "1e\\+30")], ids=str
)
def test_a_map_of_decimals_is_refused_saying_what_was_found(value, shown, image, tmp_path):
    values = np.zeros(image.geometry.shape, np.float32)
    values[3, 4, 5] = value
    path = save_labels(tmp_path / "p.nii.gz", values, image.geometry)
    with pytest.raises(InputError, match=rf"no label map: it holds the value {shown}\."):
        read_lesions(path, image)


def test_whole_numbers_stored_as_decimals_are_read_with_a_note(image, masks, tmp_path):
    path = save_labels(tmp_path / "p.nii.gz", masks["LN 4R"].astype(np.float64), image.geometry)
    read = read_lesions(path, image)
    assert int(read.lesions[0].mask.sum()) == masks["LN 4R"].sum()
    assert read.notes == ("the label map holds whole numbers stored as decimals",)


def test_a_negative_label_is_refused(image, tmp_path):
    labels = np.zeros(image.geometry.shape, np.int16)
    labels[2, 2, 2] = -5
    with pytest.raises(InputError, match="negative label -5"):
        read_lesions(save_labels(tmp_path / "n.nrrd", labels, image.geometry), image)


@pytest.mark.parametrize("reverse", [False, True], ids=["ascending", "z-reversed"])
def test_a_cropped_seg_is_placed_by_plane_position_only(reverse, image, masks, tmp_path):
    upper = a_ct(image.geometry.crop((3, 2, 1), (25, 22, 12)))
    cut = {name: mask[1:13, 2:24, 3:28] for name, mask in masks.items()}
    path = write_seg(tmp_path / "s.dcm", upper, cut, reverse=reverse)
    for lesion, mask in zip(read_lesions(path, image).lesions, masks.values(), strict=True):
        placed = place_on(lesion, image.geometry)
        np.testing.assert_array_equal(mask[placed.slices], placed.mask)
        assert placed.mask.sum() == mask.sum()


def test_a_seg_with_a_gap_between_lesions_keeps_the_slice_distance(image, masks, tmp_path):
    apart = {"low": np.zeros_like(masks["LN 4R"]), "high": np.zeros_like(masks["LN 4R"])}
    apart["low"][2, 5:9, 5:9] = apart["high"][10, 5:9, 5:9] = True
    path = write_seg(tmp_path / "s.dcm", image, apart)
    dataset = pydicom.dcmread(path)
    shared = dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]
    for keyword in ("SpacingBetweenSlices", "SliceThickness"):
        if keyword in shared:
            delattr(shared, keyword)
    dataset.save_as(path)
    read = read_lesions(path, image)
    assert [lesion.volume_mm3 for lesion in read.lesions] == [pytest.approx(16 * 1.5 * 1.25 * 3.0)] * 2


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda ds: delattr(ds, "PerFrameFunctionalGroupsSequence"),
            r"Per-Frame Functional Groups Sequence \(5200,9230\)",
        ),
        (lambda ds: setattr(ds, "NumberOfFrames", 3), r"Number of Frames \(0028,0008\) is 3"),
        (
            lambda ds: delattr(ds.PerFrameFunctionalGroupsSequence[0], "PlanePositionSequence"),
            r"Plane Position Sequence \(0020,9113\) is missing",
        ),
        (
            lambda ds: (
                ds.PerFrameFunctionalGroupsSequence[1]
                .PlanePositionSequence[0]
                .__setattr__("ImagePositionPatient", [1, 2])
            ),
            r"Image Position \(Patient\) \(0020,0032\) must hold 3 numbers",
        ),
        (lambda ds: setattr(ds, "SegmentationType", "SURFACE"), r"Segmentation Type .* is 'SURFACE'"),
        (lambda ds: setattr(ds, "PixelData", ds.PixelData[:40]), "cannot be decoded"),
        (
            lambda ds: (
                ds.PerFrameFunctionalGroupsSequence[0]
                .PlanePositionSequence[0]
                .__setattr__("ImagePositionPatient", [0, 0, -339.2])
            ),
            "not stacked|cannot be told",
        ),
    ],
    ids=["no frames described", "frames miscounted", "no position", "short position", "unknown type", "cut", "uneven"],
)
def test_a_broken_seg_is_refused_naming_the_tag(spoil, said, image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    dataset = pydicom.dcmread(path)
    spoil(dataset)
    dataset.save_as(path)
    with pytest.raises(InputError, match=said):
        read_lesions(path, image)


def test_fractional_segments_are_cut_at_one_half_with_a_note(image, masks, tmp_path):
    shares = np.where(masks["LN 4R"], 0.6, 0.0) + np.where(masks["Tumor left"], 0.4, 0.0)
    read = read_lesions(write_seg(tmp_path / "s.dcm", image, {"LN": shares}, "FRACTIONAL"), image)
    assert int(read.lesions[0].mask.sum()) == masks["LN 4R"].sum()
    assert read.notes == ("fractional segments are cut at one half",)


def test_a_folder_with_one_lesion_object_among_slices_is_read(image, masks, tmp_path):
    for at, dataset in enumerate(slices_of(image)[:3]):
        dataset.save_as(tmp_path / f"{at}.dcm", enforce_file_format=False)
    (tmp_path / "notes.txt").write_text("nothing")
    write_seg(tmp_path / "seg.dcm", image, masks)
    assert len(read_lesions(tmp_path, image).lesions) == 2
    write_rtstruct(tmp_path / "rt.dcm", {})
    with pytest.raises(InputError, match=r"2 SEG or RTSTRUCT objects: rt\.dcm, seg\.dcm"):
        read_lesions(tmp_path, image)


def test_a_folder_without_lesion_objects_is_refused(image, tmp_path):
    with pytest.raises(InputError, match="holds no DICOM SEG or RTSTRUCT"):
        read_lesions(tmp_path, image)


@pytest.mark.parametrize("content", ["text", "empty", "ct"])
def test_a_file_that_holds_no_lesions_is_refused(content, image, tmp_path):
    path = tmp_path / "file.dcm"
    path.write_text("hello" if content == "text" else "")
    if content == "ct":
        dataset = slices_of(image)[0]
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.save_as(path, enforce_file_format=True)
    said = "holds no lesions but CT Image Storage" if content == "ct" else "neither an image file nor a DICOM"
    with pytest.raises(InputError, match=said):
        read_lesions(path, image)


def test_a_missing_file_is_refused(image, tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        read_lesions(tmp_path / "absent.seg.nrrd", image)


def test_a_colour_image_is_no_label_map(image, tmp_path):
    path = tmp_path / "rgb.nrrd"
    sitk.WriteImage(sitk.GetImageFromArray(np.zeros((4, 5, 6, 3), np.uint8), isVector=True), str(path))
    with pytest.raises(InputError, match="3 values a voxel"):
        read_lesions(path, image)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
@pytest.mark.parametrize("kind", ["seg", "rtstruct"])
def test_a_truncated_object_is_refused_wherever_it_ends(kind, image, masks, tmp_path):
    if kind == "seg":
        path = write_seg(tmp_path / "o.dcm", image, masks)
    else:
        path = write_rtstruct(tmp_path / "o.dcm", {n: outlines_of(m, image.geometry) for n, m in masks.items()})
    content = path.read_bytes()
    for share in np.linspace(0.02, 0.97, 25):
        path.write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError):
            read_lesions(path, image)


@pytest.mark.parametrize(
    ("keyword", "sequence", "shown"),
    [
        ("ROINumber", "StructureSetROISequence", r"ROI Number \(3006,0022\) is missing"),
        ("ReferencedROINumber", "ROIContourSequence", r"Referenced ROI Number \(3006,0084\) is missing"),
        ("StructureSetROISequence", None, r"Structure Set ROI Sequence \(3006,0020\) is missing"),
    ],
    ids=["roi number", "number referenced", "no rois"],
)
def test_a_structure_set_without_a_needed_tag_is_refused_naming_it(keyword, sequence, shown, image, masks, tmp_path):
    path = write_rtstruct(tmp_path / "r.dcm", {"GTV": outlines_of(masks["LN 4R"], image.geometry)})
    dataset = pydicom.dcmread(path)
    delattr(dataset[sequence].value[0] if sequence else dataset, keyword)
    dataset.save_as(path)
    with pytest.raises(InputError, match=shown):
        read_lesions(path, image)


def test_a_compressed_seg_is_read(image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks, "FRACTIONAL", transfer_syntax=RLELossless)
    assert pydicom.dcmread(path).file_meta.TransferSyntaxUID == RLELossless
    for lesion, mask in zip(read_lesions(path, image).lesions, masks.values(), strict=True):
        placed = place_on(lesion, image.geometry)
        np.testing.assert_array_equal(mask[placed.slices], placed.mask)


def measures_of(dataset):
    return dataset.SharedFunctionalGroupsSequence[0].PixelMeasuresSequence[0]


@pytest.mark.parametrize("declared", [1.0, 1.5, 6.0])
def test_a_slice_distance_that_the_planes_belie_is_not_believed(declared, image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, {"LN": masks["LN 4R"]})
    dataset = pydicom.dcmread(path)
    measures_of(dataset).SpacingBetweenSlices = declared
    dataset.save_as(path)
    read = read_lesions(path, image)
    assert read.lesions[0].volume_mm3 == pytest.approx(masks["LN 4R"].sum() * image.geometry.voxel_volume_mm3)
    (note,) = read.notes
    assert note == f"Spacing Between Slices (0018,0088) is {declared:g} mm; its planes are taken as 3 mm apart"


@pytest.mark.parametrize(
    ("slices", "thin", "lowest"),
    [((3, 4, 5), 1.5, -340.0), ((2, 10), 1.5, -340.0), ((4,), 1.5, -340.0), ((2, 10), 1.1, -339.7)],
    ids=["thinner slices", "thinner and far apart", "thinner and single", "other slices and far apart"],
)
def test_a_slice_distance_that_nothing_belies_is_believed_on_another_series(slices, thin, lowest, image, tmp_path):
    mask = np.zeros(image.geometry.shape, bool)
    mask[slices, 4:8, 5:9] = True
    path = write_seg(tmp_path / "s.dcm", image, {"LN": mask})
    dataset = pydicom.dcmread(path)
    measures_of(dataset).SpacingBetweenSlices = 3.0
    dataset.save_as(path)
    other = a_ct(Geometry((30, 26, 40), (1.5, 1.25, thin), (-20.0, 12.5, lowest)))
    read = read_lesions(path, other)
    assert read.lesions[0].volume_mm3 == pytest.approx(mask.sum() * image.geometry.voxel_volume_mm3)
    assert read.notes == ()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda ds: setattr(ds.SegmentSequence[1], "SegmentNumber", 1),
            r"two segments have Segment Number \(0062,0004\) 1",
        ),
        (lambda ds: delattr(ds, "MaximumFractionalValue"), r"Maximum Fractional Value \(0062,000E\) is missing"),
        (lambda ds: setattr(ds, "MaximumFractionalValue", None), r"Maximum Fractional Value \(0062,000E\) is missing"),
        (lambda ds: setattr(ds, "MaximumFractionalValue", 0), r"Maximum Fractional Value \(0062,000E\) is 0"),
    ],
    ids=["two of one number", "no maximum", "empty maximum", "maximum 0"],
)
def test_a_seg_whose_pixels_mean_nothing_sure_is_refused(spoil, said, image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks, "FRACTIONAL")
    dataset = pydicom.dcmread(path)
    spoil(dataset)
    dataset.save_as(path)
    with pytest.raises(InputError, match=said):
        read_lesions(path, image)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("BINARY", "3 frame(s) belong to no segment and are left out"),
        ("LABELMAP", "voxels of 1 label values belong to no segment and are left out"),
    ],
)
def test_what_belongs_to_no_segment_is_said(kind, said, image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks, kind)
    dataset = pydicom.dcmread(path)
    dataset.SegmentSequence = [item for item in dataset.SegmentSequence if item.SegmentNumber != 2]
    dataset.save_as(path)
    read = read_lesions(path, image)
    assert [lesion.name for lesion in read.lesions] == ["Tumor left"]
    assert read.notes == (said,)


def with_keys(path, image, masks, change):
    """A `.seg.nrrd` of two segments, its keys changed as bytes."""
    lesions = [LesionMask(n, name, mask, image.geometry) for n, (name, mask) in enumerate(masks.items(), 1)]
    write_seg_nrrd(lesions, image.geometry, path)
    header, data = path.read_bytes().split(b"\n\n", 1)
    path.write_bytes(change(header) + b"\n\n" + data)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            lambda header: header.replace(b"Segment1_LabelValue:=2", b"Segment1_LabelValue:=1"),
            "2 segments have label value 1 in layer 0",
        ),
        (
            lambda header: header.replace(b"\nSegment0_LabelValue:=1", b""),
            "of 2 segments in layer 0, some have no label value",
        ),
    ],
    ids=["same", "missing"],
)
def test_segments_without_label_values_of_their_own_are_refused(change, said, image, masks, tmp_path):
    with pytest.raises(InputError, match=said):
        read_lesions(with_keys(tmp_path / "s.seg.nrrd", image, masks, change), image)


@pytest.mark.parametrize("numbers", [(0, 2), (1, 12)], ids=str)
def test_segments_are_read_whatever_their_numbers(numbers, image, masks, tmp_path):
    first, second = (b"Segment%d_" % number for number in numbers)
    path = with_keys(
        tmp_path / "s.seg.nrrd",
        image,
        masks,
        lambda header: header.replace(b"Segment1_", second).replace(b"Segment0_", first),
    )
    read = read_lesions(path, image)
    assert [(lesion.name, int(lesion.mask.sum())) for lesion in read.lesions] == [
        (name, mask.sum()) for name, mask in masks.items()
    ]
    assert read.notes == ()


@pytest.mark.parametrize(
    ("kind", "whole", "damaged"),
    [
        ("seg", b"\x02\x00\x00\x00UL\x04", b"\x02\x00\x00\x00UL\x06"),
        ("seg", b"\x08\x00\x60\x00CS", b"\x08\x00\x60\x00CU"),
        ("seg", b"\x62\x00\x05\x00LO", b"\x62\x00\x05\x00L\xe0"),
        ("rtstruct", b"\x06\x30\x26\x00LO", b"\x06\x30\x26\x00L\xb9"),
        ("rtstruct", b"\x06\x30\x39\x00SQ", b"\x06\x30\x39\x00S\xa3"),
    ],
    ids=["length of meta", "modality", "segment label", "roi name", "contours"],
)
def test_an_object_with_a_damaged_byte_is_refused_by_name(kind, whole, damaged, image, masks, tmp_path):
    if kind == "seg":
        path = write_seg(tmp_path / "o.dcm", image, masks)
    else:
        path = write_rtstruct(tmp_path / "o.dcm", {n: outlines_of(m, image.geometry) for n, m in masks.items()})
    content = path.read_bytes()
    assert whole in content
    path.write_bytes(content.replace(whole, damaged, 1))
    with pytest.raises(InputError, match=r"o\.dcm is truncated or damaged"):
        read_lesions(path, image)


def test_an_object_of_two_kinds_holds_no_lesions(image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    dataset = pydicom.dcmread(path)
    dataset.Modality, dataset.SOPClassUID = "CT", [dataset.SOPClassUID, "1.2.3"]
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"s\.dcm holds no lesions but CT\."):
        read_lesions(path, image)


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_a_folder_with_an_object_cut_off_anywhere_is_refused(image, masks, tmp_path):
    (tmp_path / "folder").mkdir()
    content = write_seg(tmp_path / "s.dcm", image, masks).read_bytes()
    for length in range(0, 500, 3):
        (tmp_path / "folder" / "cut.dcm").write_bytes(content[:length])
        with pytest.raises(InputError, match=r"cut\.dcm is truncated or damaged|folder holds no DICOM SEG"):
            read_lesions(tmp_path / "folder", image)


def test_a_seg_without_transfer_syntax_is_refused_naming_it(image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    path.write_bytes(path.read_bytes().replace(b"\x02\x00\x10\x00UI", b"\x02\x00\x17\x00UI", 1))
    with pytest.raises(InputError, match=r"Transfer Syntax UID \(0002,0010\) is missing"):
        read_lesions(path, image)


def test_organs_outside_the_image_are_passed_over(image, masks, tmp_path):
    path = write_seg(tmp_path / "s.dcm", image, masks)
    part = a_ct(image.geometry.crop((0, 0, 0), (18, 26, 7)))
    (organ,) = read_organs(path, part)
    assert (organ.label, organ.name, organ.notes) == (1, "Tumor left", ())
    assert read_organs(path, a_ct(image.geometry.crop((26, 0, 0), (4, 26, 14)))) == ()


def test_an_organ_of_several_islands_has_no_notes(image, masks, tmp_path):
    both = (masks["Tumor left"] | masks["LN 4R"]).astype(np.uint8)
    (organ,) = read_organs(save_labels(tmp_path / "o.nrrd", both, image.geometry), image)
    assert organ.notes == ()
    assert read_organs(save_labels(tmp_path / "n.nrrd", np.zeros_like(both), image.geometry), image) == ()
