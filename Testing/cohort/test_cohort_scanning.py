import os
import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import generate_uid

from prognosis.cohort import scanning
from prognosis.cohort.scanning import scan_folder, write_scan
from prognosis.cohort.table import read_cohort
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.readers import read_volume
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

DATA = Path(__file__).resolve().parents[3] / "shared/data"
CT, PET = DATA / "ct/4d_lung_113", DATA / "pet/sts_001_dicom"
GRID = Geometry((8, 7, 6), (1.0, 1.0, 2.0), (0.0, 0.0, 0.0))


def rows_of(scan, folder):
    """Write the table beside the folder and read it back, as a user would."""
    table = folder.parent / "cohort.csv"
    write_scan(scan, table)
    return read_cohort(
        table,
        file_columns=("image", "lesions"),
        optional_file_columns=("organs", "ct", "pet", "tumour"),
        outcome_required=False,
    )


def said(scan):
    return "\n".join((*scan.left_out, *scan.notes))


class TestDicom:
    def test_an_rtstruct_goes_with_the_series_it_names(self, dicom):
        first = dicom.series("a", patient="A")
        second = dicom.series("b", patient="B", date="20210228")
        dicom.rtstruct("structures/one.dcm", second, patient="B")
        dicom.rtstruct("structures/two.dcm", first, patient="A")
        scan = scan_folder(dicom.folder)
        one, two = rows_of(scan, dicom.folder)
        assert [row.patient_id for row in (one, two)] == ["P0001", "P0002"]
        assert (one.files["image"].name, one.files["lesions"].name) == ("a", "two.dcm")
        assert (two.files["image"].name, two.files["lesions"].name) == ("b", "one.dcm")
        assert str(two.image_date) == "2021-02-28"
        assert not one.series
        assert not scan.left_out

    def test_series_in_one_folder_are_told_apart_by_uid(self, dicom):
        series = [dicom.series(".", patient=patient) for patient in "AB"]
        for number, slices in enumerate(series):
            dicom.rtstruct(f"s{number}.dcm", slices, patient="AB"[number])
        rows = rows_of(scan_folder(dicom.folder), dicom.folder)
        told = {row.files["lesions"].name: row.series["image"] for row in rows}
        assert told == {"s0.dcm": series[0][0].SeriesInstanceUID, "s1.dcm": series[1][0].SeriesInstanceUID}

    @pytest.mark.parametrize(
        ("slices", "series"), [(True, False), (False, True)], ids=["slices are named", "the series is named"]
    )
    def test_either_reference_is_enough(self, dicom, slices, series):
        image = dicom.series("ct")
        dicom.series("other", frame=image[0].FrameOfReferenceUID)
        dicom.rtstruct("s.dcm", image, name_slices=slices, name_series=series)
        (row,) = rows_of(scan_folder(dicom.folder), dicom.folder)
        assert row.files["image"].name == "ct"

    def test_a_seg_goes_with_the_series_it_names(self, dicom):
        image = dicom.series("ct")
        dicom.series("other")
        dicom.seg("seg.dcm", image)
        (row,) = rows_of(scan_folder(dicom.folder), dicom.folder)
        assert (row.files["image"].name, row.files["lesions"].name) == ("ct", "seg.dcm")

    def test_one_that_names_nothing_goes_by_its_frame_of_reference_if_only_one_has_that(self, dicom):
        image = dicom.series("ct")
        dicom.rtstruct("s.dcm", image, name_slices=False, name_series=False)
        scan = scan_folder(dicom.folder)
        assert len(scan.rows) == 1
        assert "s.dcm names no series: paired by its frame of reference." in scan.notes
        dicom.series("later", frame=image[0].FrameOfReferenceUID)
        scan = scan_folder(dicom.folder)
        assert not scan.rows
        assert "s.dcm: it refers to none, and its frame of reference is that of 2 image series" in said(scan)

    def test_a_reference_to_an_absent_series_is_said_not_replaced(self, dicom):
        image = dicom.series("ct")
        absent = [pydicom.Dataset() for _ in image]
        for slice_, original in zip(absent, image, strict=True):
            slice_.update(original)
            slice_.SOPInstanceUID, slice_.SeriesInstanceUID = generate_uid(), "1.2.3"
        dicom.rtstruct("s.dcm", absent)
        scan = scan_folder(dicom.folder)
        assert not scan.rows
        assert "s.dcm: the image series it refers to is not in the folder" in scan.left_out
        assert "in ct) has no segmentation" in said(scan)

    def test_two_segmentations_of_one_image_are_left_open(self, dicom):
        image = dicom.series("ct")
        dicom.rtstruct("one.dcm", image)
        dicom.rtstruct("two.dcm", image)
        scan = scan_folder(dicom.folder)
        assert not scan.rows
        assert "has 2 segmentations: one.dcm, two.dcm" in said(scan)
        rows = rows_of(scan_folder(dicom.folder, as_annotations=True), dicom.folder)
        assert [(row.patient_id, row.annotation_id) for row in rows] == [("P0001", "1"), ("P0001", "2")]

    def test_a_segmentation_of_several_series_is_left_open(self, dicom):
        dicom.rtstruct("s.dcm", [*dicom.series("a"), *dicom.series("b")])
        assert "s.dcm: it refers to 2 image series" in said(scan_folder(dicom.folder))

    def test_a_segmentation_under_another_patients_id_is_left_open(self, dicom):
        dicom.rtstruct("s.dcm", dicom.series("ct", patient="A"), patient="B")
        scan = scan_folder(dicom.folder)
        assert not scan.rows
        assert "s.dcm: it bears another patient id than CT series" in said(scan)

    def test_missing_slices_are_counted(self, dicom):
        image = dicom.series("ct", slices=5)
        dicom.rtstruct("s.dcm", image)
        next(iter((dicom.folder / "ct").iterdir())).unlink()
        assert "s.dcm: 1 of the 5 slices it names are missing." in scan_folder(dicom.folder).notes

    def test_two_examinations_of_a_patient_are_pointed_out(self, dicom):
        for name, date in (("before", "20200101"), ("after", "20210101")):
            dicom.rtstruct(f"{name}.dcm", dicom.series(name, date=date))
        scan = scan_folder(dicom.folder)
        rows = rows_of(scan, dicom.folder)
        assert [(row.annotation_id, row.files["image"].name) for row in rows] == [("1", "before"), ("2", "after")]
        assert "P0001 has images of 2 dates" in said(scan)

    def test_copies_are_counted_once(self, dicom):
        dicom.rtstruct("a/s.dcm", dicom.series("a/ct"))
        shutil.copytree(dicom.folder / "a", dicom.folder / "b")
        scan = scan_folder(dicom.folder)
        (row,) = rows_of(scan, dicom.folder)
        assert row.files["image"] == dicom.folder.parent / "folder/a/ct"
        assert "4 DICOM file(s) are copies of others and not used." in scan.notes

    def test_a_patient_without_an_id_is_told_by_the_study(self, dicom):
        for name in "ab":
            dicom.rtstruct(f"{name}.dcm", dicom.series(name, patient=""), patient="")
        assert scan_folder(dicom.folder).patients == 2

    @pytest.mark.parametrize(
        "told",
        [{"PatientName": "Roe^Richard"}, {"PatientBirthDate": "19500101"}, {"PatientSex": "M"}],
        ids=lambda told: next(iter(told)),
    )
    def test_an_id_that_several_people_share_is_no_patient(self, dicom, told):
        same = {"PatientBirthDate": "19600101", "PatientSex": "F"}
        for name, person in (("a", same), ("b", same | told)):
            dicom.rtstruct(f"{name}.dcm", dicom.series(name, patient="ANON", **person), patient="ANON")
        dicom.rtstruct("c.dcm", dicom.series("c", patient="C"), patient="C")
        scan = scan_folder(dicom.folder)
        assert [row.pair.segmentation.path.name for row in scan.rows] == ["c.dcm"]
        assert scan.left_out == ("one patient id, several names, birth dates or sexes: in a, b",)
        assert "Roe" not in repr(scan)
        assert "Doe" not in repr(scan)

    def test_a_person_spelt_otherwise_or_told_in_part_is_the_same(self, dicom):
        for name, person in (("a", {"PatientName": "DOE^JANE^^", "PatientSex": "F"}), ("b", {"PatientName": ""})):
            dicom.rtstruct(f"{name}.dcm", dicom.series(name, **person))
        dicom.rtstruct("c.dcm", dicom.series("c", PatientName="Doe Jane"))
        scan = scan_folder(dicom.folder)
        assert (len(scan.rows), scan.patients, scan.left_out) == (3, 1, ())

    def test_localizers_and_single_slices_are_no_images(self, dicom):
        image = dicom.series("ct")
        scout = dicom.series("scout", slices=2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
        dicom.series("single", slices=1)
        dicom.rtstruct("s.dcm", image)
        dicom.rtstruct("scout.dcm", scout)
        scan = scan_folder(dicom.folder)
        assert [row.pair.segmentation.path.name for row in scan.rows] == ["s.dcm"]
        assert "single slice" in said(scan)
        assert "2 DICOM file(s) of other kinds: localizer." in scan.notes
        assert "scout.dcm: the image series it refers to is not in the folder" in scan.left_out

    def test_nobodys_name_or_id_is_written_or_said(self, dicom):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        dicom.rtstruct("lost.dcm", dicom.series("gone"))
        shutil.rmtree(dicom.folder / "gone")
        scan = scan_folder(dicom.folder)
        rows_of(scan, dicom.folder)
        told = said(scan) + (dicom.folder.parent / "cohort.csv").read_text(encoding="utf-8")
        assert "Doe" not in told
        assert "4711" not in told
        assert str(dicom.folder) not in told


class TestPetCt:
    @pytest.fixture
    def petct(self, dicom):
        """A PET and a CT of one examination; returns their slices."""
        study, frame = generate_uid(), generate_uid()
        pet = dicom.series("pet", modality="PT", study=study, frame=frame)
        return pet, dicom.series("ct", study=study, frame=frame)

    def test_pet_goes_with_the_ct_of_its_study_and_frame_of_reference(self, dicom, petct):
        pet, _ = petct
        dicom.series("diagnostic", study=pet[0].StudyInstanceUID)
        dicom.rtstruct("s.dcm", pet)
        (row,) = rows_of(scan_folder(dicom.folder), dicom.folder)
        assert {column: path.name for column, path in row.files.items()} == {
            "image": "pet",
            "lesions": "s.dcm",
            "ct": "ct",
            "pet": "pet",
            "tumour": "s.dcm",
        }

    def test_several_cts_are_left_open(self, dicom, petct):
        pet, ct = petct
        dicom.series("ct2", study=pet[0].StudyInstanceUID, frame=pet[0].FrameOfReferenceUID)
        dicom.rtstruct("s.dcm", ct)
        scan = scan_folder(dicom.folder)
        (row,) = rows_of(scan, dicom.folder)
        assert set(row.files) == {"image", "lesions"}
        assert "PET and CT of one study are not paired, for there are several" in said(scan)

    def test_the_pet_corrected_for_attenuation_is_taken(self, dicom, petct):
        pet, ct = petct
        dicom.series(
            "ac",
            modality="PT",
            study=pet[0].StudyInstanceUID,
            frame=pet[0].FrameOfReferenceUID,
            CorrectedImage=["DECY", "ATTN"],
        )
        dicom.rtstruct("s.dcm", ct)
        scan = scan_folder(dicom.folder)
        (row,) = rows_of(scan, dicom.folder)
        assert row.files["pet"].name == "ac"
        assert "Of 2 PETs the one corrected for attenuation is taken" in said(scan)


class TestPlainFiles:
    @pytest.fixture
    def touch(self, tmp_path):
        folder = tmp_path / "folder"

        def touch(*names):
            for name in names:
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"x")
            return folder

        return touch

    @pytest.mark.parametrize(
        ("image", "segmentation"),
        [
            ("p1/image.nrrd", "p1/lesions.seg.nrrd"),
            ("p1/ct.nii.gz", "p1/mask.nii.gz"),
            ("case-1.nii.gz", "case-1_label.nii.gz"),
            ("case-1.nrrd", "case-1-tumour.nrrd"),
            ("imagesTr/case-1_0000.nii.gz", "labelsTr/case-1.nii.gz"),
            ("images/case-1.mha", "masks/case-1.mha"),
        ],
    )
    def test_names_and_folders_pair_files(self, touch, image, segmentation):
        folder = touch(image, segmentation, image.replace("1", "12"), segmentation.replace("1", "12"))
        rows = rows_of(scan_folder(folder), folder)
        pairs = {
            tuple(row.files[c].relative_to(folder.parent / "folder").as_posix() for c in ("image", "lesions"))
            for row in rows
        }
        assert (image, segmentation) in pairs
        assert len(rows) == 2

    def test_every_image_is_a_patient_and_that_is_said(self, touch):
        scan = scan_folder(touch("a.nrrd", "a_mask.nrrd", "b.nrrd", "b_mask.nrrd"))
        assert [row.patient_id for row in scan.rows] == ["P0001", "P0002"]
        assert "2 row(s) are of image files, which name no patient" in said(scan)

    def test_what_fits_several_images_or_none_is_left_open(self, touch):
        scan = scan_folder(touch("a.nrrd", "b.nrrd", "mask.nrrd", "alone/mask.nrrd"))
        assert not scan.rows
        assert "mask.nrrd: it may belong to a.nrrd; b.nrrd" in scan.left_out
        assert "alone/mask.nrrd: no image lies beside it" in scan.left_out
        assert "a.nrrd has no segmentation" in scan.left_out

    @pytest.mark.parametrize(
        ("image", "segmentation"),
        [("pat1.nrrd", "pat2_seg.seg.nrrd"), ("image_1.nrrd", "image_2_mask.nrrd"), ("pat1.nrrd", "pat12-seg.nrrd")],
    )
    def test_the_only_image_is_not_taken_for_another_patients(self, touch, image, segmentation):
        scan = scan_folder(touch(image, segmentation))
        assert not scan.rows
        assert f"{segmentation}: its name fits no image beside it" in scan.left_out

    @pytest.mark.parametrize(
        ("image", "segmentation"),
        [
            ("pat1.nrrd", "mask.nrrd"),
            ("pat1.nrrd", "pat1_seg.nrrd"),
            ("pat1_ct.nrrd", "pat1_seg.nrrd"),
            ("CT.nrrd", "pat2_seg.nrrd"),
            ("pat1_0000.nii.gz", "Pat1 Tumor left.nii.gz"),
        ],
    )
    def test_the_only_image_is_taken_where_names_allow(self, touch, image, segmentation):
        assert len(scan_folder(touch(image, segmentation)).rows) == 1

    @pytest.mark.parametrize("start", [" ", "'", "'=", "=", "-", "@", '"', "#", "_", "é"])
    def test_names_come_back_from_the_table_as_they_are(self, touch, start):
        folder = touch(f"{start}x/image.nrrd", f"{start}x/mask.nrrd")
        scan = scan_folder(folder)
        write_scan(scan, folder / "cohort.csv")
        (row,) = read_cohort(folder / "cohort.csv", file_columns=("image", "lesions"), outcome_required=False)
        assert row.files["image"] == folder / f"{start}x/image.nrrd"

    def test_organs_are_no_lesions(self, touch):
        folder = touch("p/image.nrrd", "p/lesions.seg.nrrd", "p/organs.seg.nrrd")
        (row,) = rows_of(scan_folder(folder), folder)
        assert (row.files["lesions"].name, row.files["organs"].name) == ("lesions.seg.nrrd", "organs.seg.nrrd")
        touch("p/organs-2.seg.nrrd")
        scan = scan_folder(folder)
        assert "organs: p/image.nrrd has 2 segmentations: p/organs-2.seg.nrrd, p/organs.seg.nrrd" in scan.left_out
        assert "organs" not in rows_of(scan, folder)[0].files

    def test_organs_beside_a_dicom_folder_go_with_its_series(self, dicom):
        dicom.rtstruct("p1/s.dcm", dicom.series("p1/ct"))
        (dicom.folder / "p1" / "organs.seg.nrrd").write_bytes(b"x")
        (row,) = rows_of(scan_folder(dicom.folder), dicom.folder)
        assert (row.files["lesions"].name, row.files["organs"].name) == ("s.dcm", "organs.seg.nrrd")

    def test_a_segmentation_beside_a_dicom_folder_goes_with_its_only_series(self, dicom, touch):
        dicom.series("p1/dicom")
        folder = touch("p1/lesions.seg.nrrd", "p2/lesions.seg.nrrd")
        scan = scan_folder(folder)
        (row,) = rows_of(scan, folder)
        assert (row.files["image"].name, row.files["lesions"].parent.name) == ("dicom", "p1")
        assert "p2/lesions.seg.nrrd: no image lies beside it" in scan.left_out
        dicom.series("p1/second")
        assert "p1/lesions.seg.nrrd: it may belong to CT series" in said(scan_folder(folder))

    def test_a_table_of_real_files_can_be_read_to_the_end(self, tmp_path):
        folder = tmp_path / "folder"
        folder.mkdir()
        array = np.arange(np.prod(GRID.shape), dtype=np.int16).reshape(GRID.shape)
        write_volume(Volume(array, GRID, "CT"), folder / "=ct.nrrd")
        write_seg_nrrd(
            [LesionMask(1, "a", np.ones((2, 2, 2), bool), GRID.crop((1, 1, 1), (2, 2, 2)))],
            GRID,
            folder / "=ct.seg.nrrd",
        )
        (row,) = rows_of(scan_folder(folder), folder)
        assert len(read_lesions(row.files["lesions"], read_volume(row.files["image"])).lesions) == 1


class TestOddFolders:
    def test_damaged_and_foreign_files_are_counted_and_named(self, dicom):
        image = dicom.series("ct")
        dicom.rtstruct("s.dcm", image)
        whole = next(iter((dicom.folder / "ct").iterdir())).read_bytes()
        for name, content in {
            "cut.dcm": whole[:300],
            "empty.dcm": b"",
            "noise.dcm": bytes(range(256)) * 4,
            "empty.nrrd": b"",
            "letter.txt": b"Dear colleague",
        }.items():
            (dicom.folder / name).write_bytes(content)
        (dicom.folder / "nowhere.dcm").symlink_to(dicom.folder / "gone")
        scan = scan_folder(dicom.folder)
        assert len(scan.rows) == 1
        assert "5 damaged or unreadable file(s): cut.dcm, empty.dcm, empty.nrrd, noise.dcm, nowhere.dcm." in said(scan)
        assert "1 file(s) of no image format: letter.txt." in said(scan)

    def test_an_rtstruct_with_any_byte_spoilt_is_never_fatal(self, dicom):
        path = dicom.rtstruct("s.dcm", dicom.series("ct"))
        whole = path.read_bytes()
        generator = np.random.default_rng(0)
        for _ in range(60):
            spoilt = bytearray(whole)
            for at in generator.integers(132, len(whole), 3):
                spoilt[at] = generator.integers(256)
            path.write_bytes(spoilt)
            assert scan_folder(dicom.folder).files == 4

    def test_links_in_a_circle_end_and_hidden_files_are_passed_over(self, dicom):
        image = dicom.series("ct")
        dicom.rtstruct("s.dcm", image)
        (dicom.folder / "ct" / "up").symlink_to(dicom.folder)
        (dicom.folder / ".hidden.dcm").write_bytes(b"")
        (dicom.folder / ".trash").mkdir()
        (dicom.folder / ".trash" / "x.dcm").write_bytes(b"")
        scan = scan_folder(dicom.folder)
        assert (scan.files, len(scan.rows)) == (4, 1)
        assert "damaged" not in said(scan)

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not bind this user")
    def test_a_folder_that_cannot_be_listed_is_named(self, dicom):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        closed = dicom.folder / "closed"
        closed.mkdir(mode=0)
        assert "1 damaged or unreadable file(s): closed." in said(scan_folder(dicom.folder))
        closed.chmod(0o700)

    def test_a_missing_folder_and_one_beyond_measure_are_refused(self, dicom, monkeypatch):
        with pytest.raises(InputError, match="is no folder"):
            scan_folder(dicom.folder / "no")
        dicom.series("ct")
        monkeypatch.setattr(scanning, "_MOST_FILES", 2)
        with pytest.raises(InputError, match="more than 2 files"):
            scan_folder(dicom.folder)

    @pytest.mark.skipif(os.name != "posix", reason="names are text there")
    def test_names_that_are_no_text_are_left_out_once(self, dicom):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        for number in range(2):
            dicom.series(os.fsdecode(b"odd/M\xfcller") + f"/{number}", patient="B")
        (dicom.folder / os.fsdecode(b"scan \xe4.nrrd")).write_bytes(b"x")
        scan = scan_folder(dicom.folder)
        assert len(rows_of(scan, dicom.folder)) == 1
        assert scan.left_out == (
            "scan \\xe4.nrrd: the name is not UTF-8: rename it",
            "odd/M\\xfcller: the name is not UTF-8: rename it",
        )

    @pytest.mark.skipif(os.name != "posix", reason="names are text there")
    def test_a_table_never_leads_through_a_name_that_is_no_text(self, dicom):
        dicom.rtstruct("s.dcm", dicom.series("ct"))
        odd = dicom.folder.rename(dicom.folder.with_name(os.fsdecode(b"M\xfcller")))
        scan = scan_folder(odd)
        with pytest.raises(InputError, match="not UTF-8"):
            write_scan(scan, odd.parent / "cohort.csv")
        write_scan(scan, odd / "cohort.csv")
        assert (odd / "cohort.csv").is_file()

    def test_the_same_folder_gives_the_same_rows(self, dicom):
        for patient in "CAB":
            dicom.rtstruct(f"{patient}.dcm", dicom.series(f"x{patient}", patient=patient), patient=patient)
        told = []
        scans = [scan_folder(dicom.folder, progress=lambda *step: told.append(step)) for _ in range(2)]
        assert scans[0] == scans[1]
        assert told[-1] == ("reading headers", 12, 12)


@pytest.mark.skipif(not (CT.is_dir() and PET.is_dir()), reason="the real CT and PET are not here")
@pytest.mark.parametrize("flat", [False, True], ids=["in folders", "all files in one folder"])
def test_real_structure_sets_go_with_their_own_series(tmp_path, flat):
    folder = tmp_path / "folder"
    for source in (CT, PET):
        shutil.copytree(source, folder / source.name)
    if flat:
        for file in [path for path in folder.rglob("*") if path.is_file()]:
            file.rename(folder / "-".join(file.relative_to(folder).parts))
        for source in (CT, PET):
            shutil.rmtree(folder / source.name)
    scan = scan_folder(folder)
    assert not scan.left_out
    rows = rows_of(scan, folder)
    assert {row.patient_id for row in rows} == {"P0001", "P0002"}
    found = {}
    for row in rows:
        image = read_volume(row.files["image"], series=row.series.get("image"))
        lesions = read_lesions(row.files["lesions"], image)
        found[image.modality] = ({lesion.name for lesion in lesions.lesions}, "pet" in row.files)
    assert {"Tumor_c40", "LN_c40"} <= found["CT"][0]
    assert found["PT"] == ({"GTV_Mass", "GTV_Edema"}, True)
    assert not found["CT"][1]
