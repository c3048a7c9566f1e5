"""Files of features that are damaged, or made to harm: refused in words, and nothing else is opened or filled."""

import hashlib
import json
import resource
import time

import h5py
import numpy as np
import pytest

from prognosis.biomarkers.feature_store import describe_feature_table, read_feature_table, write_feature_table
from prognosis.biomarkers.modality import Modality
from prognosis.errors import InputError

PACKED = {"chunks": (1, 55296), "compression": 1}


@pytest.fixture
def path(make_table, tmp_path):
    """A good file of three rows."""
    write_feature_table(tmp_path / "features.h5", make_table())
    return tmp_path / "features.h5"


@pytest.fixture
def change(path):
    """Change an open file by a function, and what it says of itself by names; all hashes are made right again."""

    def change(edit=None, **said):
        with h5py.File(path, "r+") as file:
            if edit is not None:
                edit(file)
            about = json.loads(file["about"][()]) | said
            if "sha256" not in said:
                about["sha256"] = {name: sha256(file, name) for name in ("conventional", "ct", "pet")}
            write_about(file, json.dumps(about).encode("ascii"))
        return path

    return change


def sha256(file, name):
    """The hash of a dataset's numbers where it has some and they are few."""
    if not isinstance(file.get(name, getlink=True), h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
        return "0" * 64
    dataset = file[name]
    few = dataset.size and dataset.size < 1e6 and dataset.dtype.kind == "f" and not dataset.is_virtual
    return hashlib.sha256(dataset[()].tobytes() if few else b"").hexdigest()


def write_about(file, raw):
    for name in ("about", "about_sha256"):
        if name in file:
            del file[name]
    file["about"] = np.bytes_(raw)
    file["about_sha256"] = np.bytes_(hashlib.sha256(raw).hexdigest())


def replaced(name, make):
    """An edit that puts something else where a dataset was; `make` is given file, name and the former numbers."""

    def edit(file):
        values = file[name][()]
        del file[name]
        make(file, name, values)

    return edit


def external_storage(file, name, values):
    file.create_dataset(name, values.shape, values.dtype, external=[("/etc/passwd", 0, values.nbytes)])


def virtual(file, name, values):
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", values.shape)
    file.create_virtual_dataset(name, layout)


def packed_otherwise(file, name, values):
    file.create_dataset(name, data=values, chunks=(1, 55296), compression="lzf")


def link_to_a_file(file, name, _):
    file[name] = h5py.ExternalLink("elsewhere.h5", "/ct")


def link_inside(file, name, _):
    file[name] = h5py.SoftLink("/ct")


def a_folder(file, name, _):
    file.create_group(name)


def objects(file, name, values):
    file.create_dataset(name, (3, 55296), h5py.string_dtype(), chunks=(1, 55296))


def references(file, name, values):
    file.create_dataset(name, data=np.full((3, 2), file["ct"].ref, h5py.ref_dtype))


def records(file, name, values):
    file.create_dataset(name, (3, 2), [("a", "f8"), ("b", "f4")])


def empty(file, name, _):
    file.create_dataset(name, dtype="<f4", data=h5py.Empty("<f4"))


def of(kind):
    return lambda file, name, values: file.create_dataset(name, data=values.astype(kind), **PACKED)


def of_four_rows(file, name, values):
    file.create_dataset(name, data=np.vstack([values, values[:1]]), **PACKED)


def in_large_pieces(file, name, values):
    file.create_dataset(name, data=values, chunks=(3, 55296), compression=1)


def without_numbers(file, name, values):
    file.create_dataset(name, values.shape, values.dtype, **PACKED)


@pytest.mark.parametrize(
    ("name", "make", "said"),
    [
        ("pet", link_to_a_file, "'pet' is a link"),
        ("pet", link_inside, "'pet' is a link"),
        ("about", link_to_a_file, "'about' is a link"),
        ("pet", external_storage, "lies in other files"),
        ("pet", virtual, "lies in other files"),
        ("pet", packed_otherwise, "packed in an unknown way"),
        ("pet", a_folder, "'pet' is no dataset"),
        ("pet", objects, "should be 3 x 55296 numbers"),
        ("conventional", references, "should be 3 x 2 numbers"),
        ("conventional", records, "should be 3 x 2 numbers"),
        ("pet", empty, "should be 3 x 55296 numbers"),
        ("pet", of("<f8"), "kind float32, got 3 x 55296 of the kind float64"),
        ("pet", of(">f4"), "kind float32, got 3 x 55296 of the kind >f4"),
        ("pet", of_four_rows, "got 4 x 55296"),
        ("pet", in_large_pieces, "should be 3 x 55296 numbers"),
        ("pet", without_numbers, "'pet' is not all there"),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value),
)
def test_only_plain_numbers_in_the_file_itself_are_read(change, path, name, make, said):
    if name == "about":
        with h5py.File(path, "r+") as file:
            replaced(name, make)(file)
    else:
        change(replaced(name, make))
    with pytest.raises(InputError, match=said):
        read_feature_table(path)


def test_a_text_of_any_length_is_no_text(change, path):
    change()
    with h5py.File(path, "r+") as file:
        replaced("about", lambda file, name, _: file.create_dataset(name, data="{}", dtype=h5py.string_dtype()))(file)
    with pytest.raises(InputError, match="'about' should be one text"):
        describe_feature_table(path)


def test_what_does_not_belong_is_refused(change):
    def more(file):
        file["more"] = np.arange(3)

    with pytest.raises(InputError, match="should hold .* and nothing else"):
        describe_feature_table(change(more))


def test_many_names_are_not_listed(change):
    def many(file):
        for number in range(50):
            file[f"{number}"] = h5py.SoftLink("/ct")

    with pytest.raises(InputError, match="nothing else"):
        describe_feature_table(change(many))


@pytest.mark.parametrize("missing", ["about", "about_sha256", "ct", "conventional"])
def test_what_is_missing_is_missed(path, missing):
    with h5py.File(path, "r+") as file:
        del file[missing]
    with pytest.raises(InputError, match="features"):
        read_feature_table(path)


def test_few_bytes_do_not_claim_much_memory(change, path):
    def claim(file):
        del file["ct"], file["pet"]
        for name in ("ct", "pet"):
            file.create_dataset(name, (20_000, 55296), "<f4", **PACKED)

    ids = [str(number) for number in range(20_000)]
    none = [None] * 20_000
    change(claim, patient_ids=ids, annotation_ids=none, flags=none)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.monotonic()
    with pytest.raises(InputError, match="should be 20000 x 2 numbers"):
        read_feature_table(path)

    def more(file):
        del file["conventional"]
        file["conventional"] = np.ones((20_000, 2))

    change(more)
    with pytest.raises(InputError, match="'ct' is not all there"):
        read_feature_table(path)
    assert time.monotonic() - begun < 5
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"version": 2}, "'prognosis features' version 2; this program reads 'prognosis features' 1"),
        ({"format": "other"}, "is 'other' version 1"),
        ({"patient_ids": []}, "needs 1 to 20000 patients"),
        ({"patient_ids": ["1", "2"]}, "should be 2 x 2 numbers"),
        ({"patient_ids": ["1", "2", 3]}, "'patient_ids.2' should be a text"),
        ({"flags": [None]}, "do not fit together"),
        ({"left_out": -1}, "no negative count"),
        ({"left_out": True}, "should be a whole number"),
        ({"networks": {}}, "needs networks"),
        ({"networks": {"mr": {"name": "x", "sha256": "0", "demonstration": False}}}, "needs networks"),
        ({"networks": {"ct": {"name": "x"}}}, "is missing"),
        ({"conventional_names": ["a", "a"]}, "do not fit their names"),
        ({"sha256": {}}, "the numbers of 'conventional' are not those that were written"),
        ({"more": 1}, "not a known key"),
    ],
    ids=str,
)
def test_what_a_file_says_of_itself_is_checked(change, said, error):
    with pytest.raises(InputError, match=error):
        read_feature_table(change(**said))


@pytest.mark.parametrize(
    ("value", "said"),
    [(np.nan, "row 2: the network gives CT features that are not finite"), (0.0, "row 2: all CT features are 0")],
    ids=["not a number", "nothing"],
)
def test_features_that_tell_nothing_are_refused(change, value, said):
    def spoil(file):
        file["ct"][1] = value

    with pytest.raises(InputError, match=said):
        read_feature_table(change(spoil))


@pytest.mark.parametrize("name", ["ct", "conventional"])
def test_numbers_that_were_altered_are_found(path, name):
    with h5py.File(path, "r+") as file:
        file[name][2, 1] += 1
    with pytest.raises(InputError, match=f"the numbers of '{name}' are not those that were written"):
        read_feature_table(path)
    if name == "ct":
        assert len(read_feature_table(path, Modality.PET)) == 3


def test_a_changed_word_is_found(path):
    with h5py.File(path, "r+") as file:
        raw = bytes(file["about"][()]).replace(b"ct-unet", b"xx-unet")
        file["about"][()] = np.bytes_(raw)
    with pytest.raises(InputError, match="says of itself is not what was written"):
        describe_feature_table(path)


def test_no_byte_goes_unnoticed(path):
    """A byte that is altered anywhere is either noticed or changes nothing."""
    whole, table = path.read_bytes(), read_feature_table(path)
    random = np.random.default_rng(0)
    noticed = 0
    for at in (*range(0, 2000, 23), *random.integers(0, len(whole), 100)):
        altered = bytearray(whole)
        altered[at] ^= int(random.integers(1, 256))
        path.write_bytes(altered)
        try:
            read = read_feature_table(path)
        except InputError:
            noticed += 1
            continue
        assert all(np.array_equal(read.features[modality], table.features[modality]) for modality in Modality)
        assert (read.patient_ids, read.networks, read.flags) == (table.patient_ids, table.networks, table.flags)
    assert noticed > 90


@pytest.mark.parametrize("part", [0, 1, 100, 2000, -1], ids=lambda part: f"{part} bytes")
def test_a_torn_file_is_refused(path, part):
    path.write_bytes(path.read_bytes()[:part])
    with pytest.raises(InputError, match="cut short, altered or no HDF5 file"):
        read_feature_table(path)


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "letter.h5").write_text("Dear colleague", encoding="utf-8")
    for name, said in (("letter.h5", "no HDF5 file"), ("gone.h5", "is no file"), (".", "is no file")):
        with pytest.raises(InputError, match=said):
            read_feature_table(tmp_path / name)
