"""Faces that are found, and what only looks like one."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from prognosis.errors import InputError, ModelError
from prognosis.portraits.faces.aligner import Aligner
from prognosis.portraits.faces.landmark_files import SHIPPED, check_landmark_file
from prognosis.portraits.faces.landmarks import Layout, load_landmark_model
from prognosis.portraits.faces.options import AlignOptions, FaceChoice
from prognosis.portraits.faces.photo import Photo

EYES, NOSE = ((203, 102), (246, 104)), (224, 134)


def noisy(picture):
    noise = np.random.default_rng(0).normal(0, 25, (512, 512, 3))
    return Image.fromarray(np.clip(np.asarray(picture) + noise, 0, 255).astype(np.uint8))


def darkened(picture):
    return picture.point(lambda value: value // 5)


CHANGES = {
    "as it is": lambda picture: picture,
    "mirrored": lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "tilted by 20": lambda picture: picture.rotate(20),
    "tilted by -30": lambda picture: picture.rotate(-30),
    "tilted by 45": lambda picture: picture.rotate(45),
    "on its side": lambda picture: picture.rotate(90),
    "upside down": lambda picture: picture.rotate(180),
    "small": lambda picture: picture.resize((160, 160)),
    "large": lambda picture: picture.resize((2600, 2600)),
    "blurred": lambda picture: picture.filter(ImageFilter.GaussianBlur(2)),
    "noisy": noisy,
    "dark": darkened,
}


@pytest.fixture(scope="module")
def upright(portrait, align_one):
    return align_one(portrait).pixels


def blurred(pixels):
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(3)), dtype=float)


@pytest.mark.parametrize("change", CHANGES)
def test_the_face_is_found_and_comes_out_alike(portrait, align_one, upright, change):
    pixels = align_one(CHANGES[change](portrait)).pixels
    wanted = upright[:, ::-1] if change == "mirrored" else upright
    seen, expected = (blurred(picture)[40:110, 30:98].ravel() for picture in (pixels, wanted))
    assert np.corrcoef(seen, expected)[0, 1] > 0.97


def test_eyes_and_nose_are_where_they_are(portrait, align_one):
    points = align_one(portrait).face.points
    assert points[2:4].mean(axis=0) == pytest.approx(EYES[0], abs=2)
    assert points[0:2].mean(axis=0) == pytest.approx(EYES[1], abs=2)
    assert points[4] == pytest.approx(NOSE, abs=2)


def test_the_folds_of_the_suit_are_no_face(portrait, aligner):
    aligned = aligner.align(Photo(np.asarray(portrait)))
    assert (aligned.found, aligned.doubtful) == (1, 1)
    left, top, width, height = aligned.faces[0].face.box
    assert (left, top, left + width, top + height) == pytest.approx((176, 77, 266, 167), abs=10)


def test_without_her_face_there_is_none(portrait, aligner):
    with pytest.raises(InputError, match="no face that can be found. What looked like one has no steady"):
        aligner.align(Photo(np.asarray(portrait.crop((0, 200, 512, 512)).resize((256, 156)))))


def test_half_a_face_is_none(portrait, aligner):
    covered = portrait.copy()
    ImageDraw.Draw(covered).rectangle((224, 50, 280, 190), fill=(60, 90, 160))
    with pytest.raises(InputError, match="no face"):
        aligner.align(Photo(np.asarray(covered.crop((120, 20, 320, 220)))))


@pytest.mark.parametrize("kind", ["noise", "one colour"])
def test_where_there_is_no_face_none_is_found(aligner, kind):
    colours = np.random.default_rng(4).integers(0, 255, (12, 12, 3), dtype=np.uint8)
    small = Image.fromarray(colours if kind == "noise" else colours[:1, :1])
    with pytest.raises(InputError, match="no face"):
        aligner.align(Photo(np.asarray(small.resize((100, 80), Image.Resampling.BICUBIC))))


@pytest.fixture(scope="module")
def two_faces(portrait):
    """Her face twice: the smaller one on the left."""
    face = portrait.crop((80, 0, 380, 200))
    pair = Image.new("RGB", (780, 330), (200, 200, 200))
    pair.paste(face.resize((240, 160)), (10, 10))
    pair.paste(face.resize((450, 300)), (320, 10))
    return Photo(np.asarray(pair))


@pytest.mark.parametrize(("asked", "numbers"), [("largest", [1]), ("2", [2]), ("all", [1, 2])])
def test_of_two_faces_those_asked_for_are_taken(two_faces, asked, numbers):
    aligned = Aligner(AlignOptions(64, FaceChoice.parse(asked))).align(two_faces)
    assert aligned.found == 2
    assert [face.number for face in aligned.faces] == numbers
    assert [face.face.centre[0] < 300 for face in aligned.faces] == [number == 2 for number in numbers]


def test_a_third_of_two_faces_is_refused(two_faces):
    with pytest.raises(InputError, match="shows 2 faces, not 3"):
        Aligner(AlignOptions(64, FaceChoice(3))).align(two_faces)


@pytest.mark.parametrize("text", ["0", "-1", "both", ""])
def test_a_choice_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        FaceChoice.parse(text)


@pytest.mark.parametrize("text", ["largest", "all", "3"])
def test_a_choice_is_written_as_it_is_read(text):
    assert str(FaceChoice.parse(text)) == text


class TestLandmarkFiles:
    def test_the_shipped_one_places_five_points(self):
        pytest.importorskip("dlib")
        assert load_landmark_model().layout is Layout.FIVE

    def test_the_shipped_one_altered_is_refused(self, tmp_path, monkeypatch):
        altered = tmp_path / "altered.dat"
        altered.write_bytes(SHIPPED.read_bytes()[:-1] + b"!")
        monkeypatch.setattr("prognosis.portraits.faces.landmark_files.SHIPPED", altered)
        with pytest.raises(ModelError, match="altered"):
            check_landmark_file(altered)

    @pytest.mark.parametrize(
        ("content", "says"),
        [(b"", "0 bytes"), (b"x" * 5000, "no landmark model"), (SHIPPED.read_bytes()[:200_000], "no landmark model")],
        ids=["empty", "other", "truncated"],
    )
    def test_another_that_is_none_is_refused(self, tmp_path, content, says):
        pytest.importorskip("dlib")
        file = tmp_path / "mine.dat"
        file.write_bytes(content)
        with pytest.raises(ModelError, match=says):
            load_landmark_model(file)

    def test_a_missing_one_is_refused(self, tmp_path):
        with pytest.raises(ModelError, match="no file"):
            check_landmark_file(tmp_path / "mine.dat")

    def test_one_of_other_points_is_refused(self, tmp_path):
        dlib = pytest.importorskip("dlib")
        face = dlib.full_object_detection(dlib.rectangle(10, 10, 49, 49), [dlib.point(20, 20), dlib.point(40, 40)])
        options = dlib.shape_predictor_training_options()
        options.cascade_depth, options.tree_depth, options.num_trees_per_cascade_level = 2, 2, 2
        options.num_test_splits, options.feature_pool_size, options.oversampling_amount = 2, 500, 2
        picture = np.random.default_rng(0).integers(0, 255, (60, 60, 3), dtype=np.uint8)
        dlib.train_shape_predictor([picture, picture], [[face], [face]], options).save(str(tmp_path / "two.dat"))
        with pytest.raises(ModelError, match="2 points"):
            load_landmark_model(tmp_path / "two.dat")

    def test_a_copy_of_ones_own_gives_the_same_face(self, portrait, align_one, tmp_path):
        (tmp_path / "mine.dat").write_bytes(SHIPPED.read_bytes())
        mine = Aligner(AlignOptions(128, landmarks=tmp_path / "mine.dat")).align(Photo(np.asarray(portrait)))
        assert np.array_equal(mine.faces[0].pixels, align_one(portrait).pixels)
