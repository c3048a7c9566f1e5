"""dlib's face recognition network: its file, and what it says of a face where the file is at hand."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter

from prognosis.errors import ModelError
from prognosis.portraits.comparing.dlib_identity import KNOWN_SHA256, dlib_identity, face_chips
from prognosis.portraits.comparing.identity import identity_distance
from prognosis.portraits.faces.aligner import Aligner
from prognosis.portraits.faces.options import AlignOptions
from prognosis.portraits.faces.photo import Photo

SHARED = Path(__file__).resolve().parents[3] / "shared/data/faces"
NETWORK = SHARED / "dlib_face_recognition_resnet_model_v1.dat"
SAME_PERSON = 0.085


@pytest.fixture(scope="module")
def measure():
    pytest.importorskip("dlib")
    if not NETWORK.is_file():
        pytest.skip(f"shared/data/faces/{NETWORK.name} is not there")
    return dlib_identity(NETWORK)


@pytest.fixture(scope="module")
def portrait():
    if not (SHARED / "astronaut.png").is_file():
        pytest.skip("shared/data/faces/astronaut.png is not there")
    with Image.open(SHARED / "astronaut.png") as picture:
        return picture.convert("RGB")


def aligned(picture, size):
    pixels = Aligner(AlignOptions(size=size)).align(Photo(np.asarray(picture))).faces[0].pixels
    return torch.from_numpy(pixels).permute(2, 0, 1)[None] / 127.5 - 1


def test_chips_show_eyes_where_the_network_expects_them():
    image = torch.full((1, 3, 256, 256), -1.0)
    for x in (0.375, 0.625):
        column, row = round(x * 256), round(0.472 * 256)
        image[:, :, row - 2 : row + 2, column - 2 : column + 2] = 1
    (chip,) = face_chips(image)
    assert (chip.shape, chip.dtype) == ((150, 150, 3), np.uint8)
    rows, columns = np.nonzero(chip[..., 0] > 128)
    assert rows.mean() / 150 == pytest.approx(0.314, abs=0.01)
    assert columns[columns < 75].mean() / 150 == pytest.approx(0.318, abs=0.01)
    assert columns[columns > 75].mean() / 150 == pytest.approx(0.669, abs=0.01)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"BZh91AY" + bytes(2_000_000), "is packed"),
        (b"nothing", "has 7 bytes"),
        (bytes(range(256)) * 8000, "no face recognition model of dlib"),
        (b"\x01\x02\x03" + bytes(2_000_000), "no face recognition model of dlib"),
    ],
    ids=["packed", "too small", "another format", "zeros"],
)
def test_files_that_hold_no_network_are_refused(tmp_path, content, words):
    pytest.importorskip("dlib")
    file = tmp_path / "network.dat"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=words) as refused:
        dlib_identity(file)
    assert str(file) in refused.value.what
    assert refused.value.remedy


def test_a_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"absent\.dat is no file"):
        dlib_identity(tmp_path / "absent.dat")


def test_a_truncated_network_is_refused(measure, tmp_path):
    part = tmp_path / "part.dat"
    part.write_bytes(NETWORK.read_bytes()[:10_000_000])
    with pytest.raises(ModelError, match="no face recognition model of dlib, or is damaged"):
        dlib_identity(part)


def test_the_known_file_is_validated_and_another_is_named_by_its_hash(measure, tmp_path):
    assert (measure.name, measure.validated) == ("dlib face recognition", True)
    other = tmp_path / "other.dat"
    other.write_bytes(NETWORK.read_bytes() + b"\0")
    strange = dlib_identity(other)
    assert strange.validated is False
    assert "unknown file" in strange.name
    assert strange.name.endswith("not a validated identity measure")
    assert KNOWN_SHA256[:12] not in strange.name


def test_one_person_is_told_from_what_she_is_not(measure, portrait):
    face = aligned(portrait, 256)
    darker = aligned(portrait.point(lambda value: round(0.7 * value)).filter(ImageFilter.GaussianBlur(1.5)), 256)
    nobody = torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 2 - 1
    vectors = measure.embed(torch.cat([face, darker, face.flip(3), nobody]))
    assert vectors.shape == (4, 128)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(4))
    same, mirrored, other = identity_distance(vectors[1:], vectors[:1]).tolist()
    assert same < SAME_PERSON / 2
    assert mirrored < SAME_PERSON
    assert other > 1.5 * SAME_PERSON


def test_the_chip_is_as_good_as_dlibs_own(measure, portrait):
    import dlib

    from prognosis.portraits.faces.landmark_files import SHIPPED

    pixels = np.asarray(portrait)
    face = dlib.shape_predictor(str(SHIPPED))(pixels, dlib.get_frontal_face_detector()(pixels, 1)[0])
    network = dlib.face_recognition_model_v1(str(NETWORK))
    own = torch.tensor([list(network.compute_face_descriptor(pixels, face))])
    for size, nearness in ((512, 0.005), (64, 0.04)):
        ours = measure.embed(aligned(portrait, size))
        assert float(identity_distance(ours, own / own.norm())) < nearness
