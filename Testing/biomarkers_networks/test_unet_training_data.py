from dataclasses import replace

import numpy as np
import pytest
import torch

from prognosis.biomarkers.images.intensity import DEFAULT_NORMALISATION
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.modality import Modality
from prognosis.biomarkers.networks.regions_cache import kept_regions, key_of_regions
from prognosis.biomarkers.networks.training_data import OPTIONAL_COLUMNS, read_training_regions
from prognosis.cohort.table import read_cohort
from prognosis.errors import InputError
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_choice import ALL_LESIONS, LesionChoice
from prognosis.imaging.lesion_mask import LesionMask
from prognosis.imaging.lesion_writing import write_seg_nrrd
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume

LATTICE = Geometry((40, 36, 30), (3.0, 3.0, 4.0), (-60.0, -54.0, 0.0))


def block(label, name, start, size):
    return LesionMask(label, name, np.ones(size[::-1], bool), LATTICE.crop(start, size))


def images(level):
    ct = np.random.default_rng(level).normal(-400, 30, LATTICE.shape).astype(np.float32)
    ct[:3], ct[-3:] = -900, 600
    ct[12:17, 14:20, 16:24] = 40 + level
    pet = np.full(LATTICE.shape, 1.0, np.float32)
    pet[12:17, 14:20, 16:24] = 8.0
    return Volume(ct, LATTICE, "CT"), Volume(pet, LATTICE, "PT")


@pytest.fixture
def cohort(tmp_path):
    """Two patients without outcomes, one of them read by two readers."""
    for number in (1, 2):
        ct, pet = images(number)
        write_volume(ct, tmp_path / f"ct{number}.nrrd")
        write_volume(pet, tmp_path / f"pet{number}.nrrd")
    tumour = block(1, "Tumor", (16, 14, 12), (8, 6, 5))
    write_seg_nrrd([tumour], LATTICE, tmp_path / "reader-1.seg.nrrd")
    write_seg_nrrd([block(1, "Tumor", (17, 14, 12), (6, 6, 5)), block(2, "node", (30, 8, 12), (3, 3, 3))], LATTICE,
                   tmp_path / "reader-2.seg.nrrd")  # fmt: skip
    table = tmp_path / "cohort.csv"
    lines = ["patient_id,annotation_id,ct,pet,tumour"]
    lines += ["a,1,ct1.nrrd,pet1.nrrd,reader-1.seg.nrrd", "a,2,ct1.nrrd,pet1.nrrd,reader-2.seg.nrrd"]
    lines += ["b,1,ct2.nrrd,pet2.nrrd,reader-1.seg.nrrd"]
    table.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return table


def rows_of(table, modality=Modality.PET):
    columns = [column for column in OPTIONAL_COLUMNS if column != modality.value]
    return read_cohort(table, file_columns=(modality.value,), optional_file_columns=columns, outcome_required=False)


def read(table, modality=Modality.PET, **options):
    return read_training_regions(rows_of(table, modality), modality, **options)


@pytest.mark.parametrize(("modality", "value"), [(Modality.CT, 41.0), (Modality.PET, 8.0)], ids=["CT", "PET"])
def test_regions_hold_the_tumour_at_their_centre_on_the_scale_of_256(cohort, modality, value):
    data = read(cohort, modality)
    assert data.images.dtype is torch.float16
    assert data.images.shape == data.tumours.shape == (3, 48, 96, 96)
    assert data.patient.tolist() == [0, 0, 1]
    expected = float(DEFAULT_NORMALISATION[modality].scaled(np.array(value)))
    assert float(data.images[0, 24, 48, 48]) == pytest.approx(expected, abs=0.2)
    volumes = data.tumours.flatten(1).sum(1)
    assert volumes[[0, 2]].tolist() == pytest.approx([8 * 6 * 5 * 36] * 2, rel=0.1)
    assert data.ranges["slice_thickness_mm"] == (4.0, 4.0)
    assert data.ranges["tumour_volume_ml"] == pytest.approx((8.64, 8.64), rel=0.3)
    assert data.annotation_weight.tolist() == [0.5, 0.5, 1.0]


def test_a_table_of_one_modality_is_enough(cohort):
    text = cohort.read_text(encoding="utf-8")
    both = read(cohort)
    cohort.write_text("\n".join(",".join(line.split(",")[:2] + line.split(",")[3:]) for line in text.splitlines()))
    assert torch.equal(read(cohort).images, both.images)


def test_a_contour_of_its_own_is_taken_where_there_is_one(cohort):
    text = cohort.read_text(encoding="utf-8").replace("tumour", "pet_tumour")
    cohort.write_text(text, encoding="utf-8")
    assert len(read(cohort)) == 3
    with pytest.raises(InputError, match="row 2: No contour is given for the CT. Fill tumour or ct_tumour."):
        read(cohort, Modality.CT)


def test_segments_can_be_chosen(cohort):
    whole, chosen = read(cohort), read(cohort, choice=LesionChoice(names=("Tumor",)))
    assert int(chosen.tumours[1].sum()) < int(whole.tumours[1].sum())


def test_scaled_regions_say_their_spacing(cohort):
    data = read(cohort, region=RegionOptions(spacing_mm=2.0))
    assert data.spacing_mm.tolist() == [2.0] * 3
    assert int(data.tumours[0].sum()) == pytest.approx(8 * 6 * 5 * 36 / 8, rel=0.15)


def test_simulated_images_are_noticed_be_it_one_of_them(cohort):
    assert not read(cohort).phantom
    ct, _ = images(2)
    write_volume(replace(ct, phantom="petct"), cohort.parent / "ct2.nrrd")
    assert read(cohort).phantom


def test_all_rows_that_cannot_be_read_are_named(cohort):
    for name in ("pet1.nrrd", "reader-1.seg.nrrd"):
        (cohort.parent / name).write_bytes(b"NRRD0004\n")
    with pytest.raises(InputError, match="3 rows cannot be read: row 2.*row 3.*row 4"):
        read(cohort)


def test_the_fingerprint_knows_data_by_their_values(cohort):
    data = read(cohort)
    assert read(cohort).fingerprint == data.fingerprint
    other = data.tumours.clone()
    other[0, 0, 0, 0] = True
    assert replace(data, tumours=other).fingerprint != data.fingerprint
    assert replace(data, patient=np.array([0, 1, 2])).fingerprint != data.fingerprint


class TestKeptRegions:
    def test_what_was_kept_is_the_same_and_is_not_read_again(self, cohort, tmp_path):
        rows, data = rows_of(cohort), read(cohort)
        key = key_of_regions(rows, Modality.PET, RegionOptions(), ALL_LESIONS)
        first = kept_regions(tmp_path / "state", key, lambda: data)

        def never():
            raise AssertionError

        again = kept_regions(tmp_path / "state", key, never)
        assert again.fingerprint == first.fingerprint == data.fingerprint
        assert (again.ranges, again.notes, again.phantom) == (data.ranges, data.notes, data.phantom)
        assert kept_regions(tmp_path / "state", "another key", lambda: data) is data

    @pytest.mark.parametrize("change", ["image", "modality", "region", "choice", "patient"])
    def test_another_input_or_way_of_cutting_is_another_key(self, cohort, change):
        def key(modality=Modality.PET, region=RegionOptions(), choice=ALL_LESIONS):  # noqa: B008
            return key_of_regions(rows_of(cohort), modality, region, choice)

        before = key()
        assert key() == before
        if change == "image":
            write_volume(images(7)[1], cohort.parent / "pet1.nrrd")
        elif change == "patient":
            text = cohort.read_text(encoding="utf-8")
            cohort.write_text(text.replace("a,", "c,"), encoding="utf-8")
        others = {
            "modality": {"modality": Modality.CT},
            "region": {"region": RegionOptions(2.0)},
            "choice": {"choice": LesionChoice(labels=(1,))},
        }
        assert key(**others.get(change, {})) != before
