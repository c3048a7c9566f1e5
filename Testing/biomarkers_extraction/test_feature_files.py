"""Features of many patients in one file: what is written is what is read, and unlike things stay apart."""

import errno
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from prognosis.biomarkers.feature_store import (
    describe_feature_table,
    join_feature_tables,
    read_feature_table,
    write_feature_table,
)
from prognosis.biomarkers.feature_table import NetworkUsed
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError, UsageError


def plain(table):
    return json.loads(json.dumps(dict(table.settings)))


def test_what_is_written_is_read(make_table, tmp_path):
    table = make_table(phantom=True)
    write_feature_table(tmp_path / "f.h5", table)
    read = read_feature_table(tmp_path / "f.h5")
    for modality in Modality:
        np.testing.assert_array_equal(read.features[modality], table.features[modality])
        assert read.features[modality].dtype == np.float32
    np.testing.assert_array_equal(read.conventional, table.conventional)
    names = ("patient_ids", "annotation_ids", "conventional_names", "networks", "flags", "phantom")
    assert [getattr(read, name) for name in names] == [getattr(table, name) for name in names]
    assert plain(read) == plain(table)


def test_a_file_without_conventional_measures(make_table, tmp_path):
    table = make_table(conventional=np.empty((3, 0)), conventional_names=())
    write_feature_table(tmp_path / "f.h5", table)
    assert read_feature_table(tmp_path / "f.h5").conventional.shape == (3, 0)


def test_one_modality_is_read_alone(make_table, tmp_path):
    table = make_table()
    write_feature_table(tmp_path / "f.h5", table)
    read = read_feature_table(tmp_path / "f.h5", Modality.PET)
    assert list(read.features) == list(read.networks) == [Modality.PET]
    np.testing.assert_array_equal(read.features[Modality.PET], table.features[Modality.PET])


def test_a_modality_that_is_not_there_is_asked_for_in_vain(make_table, tmp_path):
    write_feature_table(tmp_path / "f.h5", make_table(modalities=(Modality.CT,)))
    assert list(read_feature_table(tmp_path / "f.h5").features) == [Modality.CT]
    with pytest.raises(InputError, match="no features of PET"):
        read_feature_table(tmp_path / "f.h5", Modality.PET)


def test_a_file_says_what_it_holds(make_table, tmp_path):
    write_feature_table(tmp_path / "f.h5", make_table(), left_out=4, made_by={"engine": "torch"})
    about = describe_feature_table(tmp_path / "f.h5")
    assert (len(about.patient_ids), about.patients, about.left_out, about.phantom) == (3, 2, 4, False)
    assert about.modalities == (Modality.CT, Modality.PET)
    assert about.networks["pet"] == NetworkUsed("pet-unet", "d" * 64, True)
    assert about.demonstration
    assert {"prognosis", "numpy", "h5py", "engine"} <= set(about.versions)
    assert about.created.startswith("20")


def test_features_are_packed_a_patient_at_a_time(make_table, tmp_path):
    write_feature_table(tmp_path / "f.h5", make_table(), left_out=4)
    with h5py.File(tmp_path / "f.h5") as file:
        assert file["ct"].chunks == (1, 55296)
        assert file["ct"].id.get_storage_size() < file["ct"].nbytes / 5


def test_a_former_file_is_replaced_whole_or_not_at_all(make_table, tmp_path, monkeypatch):
    former = make_table()
    write_feature_table(tmp_path / "f.h5", former)
    create = h5py.Group.create_dataset

    def fill_the_disk(group, name, **how):
        if name == "pet":
            raise OSError(errno.ENOSPC, "No space left on device")
        return create(group, name, **how)

    with monkeypatch.context() as patched:
        patched.setattr(h5py.Group, "create_dataset", fill_the_disk)
        with pytest.raises(UsageError, match="No space left"):
            write_feature_table(tmp_path / "f.h5", make_table(seed=1))
    assert [path.name for path in tmp_path.iterdir()] == ["f.h5"]
    np.testing.assert_array_equal(read_feature_table(tmp_path / "f.h5").features["ct"], former.features["ct"])
    write_feature_table(tmp_path / "f.h5", make_table(seed=1))
    np.testing.assert_array_equal(
        read_feature_table(tmp_path / "f.h5").features["ct"], make_table(seed=1).features["ct"]
    )


def with_feature(table, value):
    features = {modality: values.copy() for modality, values in table.features.items()}
    features[Modality.PET][1] = value
    return replace(table, features=features)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda table: with_feature(table, 0.0), "row 2: all PET features are 0"),
        (lambda table: with_feature(table, 2.5), "row 2: all PET features are 2.5"),
        (lambda table: with_feature(table, np.nan), "row 2: the network gives PET features that are not finite"),
        (lambda table: replace(table, patient_ids=("1", "2", "2"), annotation_ids=("", "", "")), "rows 2 and 3 are"),
        (lambda table: replace(table, flags=("",)), "do not fit together"),
        (lambda table: replace(table, networks={}), "do not fit together"),
        (lambda table: replace(table, features={"ct": np.ones((3, 9))}), "do not fit together"),
        (lambda table: replace(table, conventional_names=("a", "a")), "do not fit their names"),
        (lambda table: replace(table, conventional=np.full((3, 2), np.inf)), "is infinite"),
        (lambda table: replace(table, patient_ids=("", "1", "2")), "'patient_ids.0' is empty"),
        (lambda table: replace(table, flags=("\x00", "", "")), "'flags.0' is empty or holds control characters"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_table_that_does_not_hold_together_is_not_written(make_table, tmp_path, spoil, said):
    with pytest.raises(InputError, match=said):
        write_feature_table(tmp_path / "f.h5", spoil(make_table()))
    assert not list(tmp_path.iterdir())


def test_a_table_of_nobody_is_refused(make_table, tmp_path):
    with pytest.raises(InputError, match="1 to 20000 rows, not 0"):
        write_feature_table(tmp_path / "f.h5", make_table(ids=(), conventional=np.empty((0, 2)), flags=()))


def test_tables_of_two_hospitals_are_joined(make_table, tmp_path):
    here, there = make_table(), make_table(ids=("3", "4"), seed=1, phantom=True)
    for number, table in enumerate((here, there)):
        write_feature_table(tmp_path / f"{number}.h5", table)
    joined = join_feature_tables([here, read_feature_table(tmp_path / "1.h5")])
    assert joined.patient_ids == ("Müller, Žofie", "2", "2", "3", "4")
    assert joined.annotation_ids == ("", "0", "1", "", "")
    assert len(joined.flags) == len(joined) == 5
    assert joined.phantom
    for modality in Modality:
        np.testing.assert_array_equal(joined.features[modality][:3], here.features[modality])
        np.testing.assert_array_equal(joined.features[modality][3:], there.features[modality])
    np.testing.assert_array_equal(joined.conventional[3:], there.conventional)
    write_feature_table(tmp_path / "joined.h5", joined)


OTHER = {Modality.CT: NetworkUsed("ct-unet", "e" * 64, False), Modality.PET: NetworkUsed("pet-unet", "d" * 64, True)}


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"networks": OTHER}, r"Table 2: its CT features come from another network \(ct-unet eeeeeeeeeeee"),
        ({"modalities": (Modality.CT,)}, "Table 2: its PET features come from another network"),
        ({"settings": {"region": {"spacing_mm": 2.0}}}, r"other settings \(normalisation, radiomics, region\)"),
        ({"conventional_names": ("mtv_contour_ml", "suv_mean")}, "other conventional measures"),
        ({"ids": ("3", "Müller, Žofie")}, "rows 1 and 5 are of one patient"),
    ],
    ids=["network", "modality", "settings", "measures", "patient"],
)
def test_unlike_tables_are_not_joined(make_table, other, said):
    with pytest.raises(InputError, match=said):
        join_feature_tables([make_table(), make_table(**{"ids": ("3", "4")} | other)])
