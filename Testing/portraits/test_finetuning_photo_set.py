"""Photos become numbers, each once; what cannot be used is told without its name."""

import numpy as np
import pytest
import torch
from finetuning_making import noise_photos, write_photos
from PIL import Image

from prognosis.errors import CancelledError, InputError
from prognosis.phantoms.portraits import PortraitPhantomOptions, write_cohort
from prognosis.portraits.finetuning.photo_set import PhotoSet, map_photo_set, read_photo_set


@pytest.fixture
def photos(tmp_path):
    return sorted(write_photos(tmp_path / "photos").iterdir())


def test_photos_come_out_as_they_are_in_their_order(photos):
    told = []
    read = read_photo_set(photos, 64, progress=lambda *step_done_total: told.append(step_done_total))
    assert np.array_equal(read.pixels, noise_photos(10).pixels)
    assert (len(read), read.resolution, read.notes, read.unread) == (10, 64, (), ())
    assert told == [("reading photos", number, 10) for number in range(1, 11)]


def test_images_run_from_minus_one_to_one():
    pixels = np.zeros((2, 64, 64, 3), np.uint8)
    pixels[1, :, :, 0] = 255
    images = PhotoSet(pixels).images(np.array([1, 0, 1]))
    assert images.shape == (3, 3, 64, 64)
    assert (images[0, 0] == 1).all()
    assert (images[0, 1:] == -1).all()
    assert torch.equal(images[0], images[2])
    assert (images[1] == -1).all()


def hidden_name(folder):
    return folder / "Jane Doe 1961.png"


def not_square(path):
    Image.new("RGB", (80, 64)).save(path)


def truncated(path):
    Image.fromarray(noise_photos(1, 50).pixels[0]).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def no_photo(path):
    path.write_text("no photo", encoding="utf-8")


def tiny(path):
    Image.new("RGB", (20, 20)).save(path)


def absent(path):
    assert not path.exists()


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (not_square, "80 x 64 pixels; an aligned face is square"),
        (truncated, "truncated or damaged"),
        (no_photo, "no photo"),
        (tiny, "20 x 20 pixels"),
        (absent, "is no file"),
    ],
)
def test_a_photo_that_cannot_be_used_is_left_out_and_told_without_its_name(tmp_path, photos, make, words):
    make(hidden_name(tmp_path))
    read = read_photo_set([*photos[:3], hidden_name(tmp_path), *photos[3:]], 64)
    assert np.array_equal(read.pixels, noise_photos(10).pixels)
    [(number, cause)] = read.unread
    assert number == 4
    assert words in cause
    assert "Jane" not in cause
    assert str(tmp_path) not in cause


def test_fewer_than_eight_photos_are_refused_with_a_cause_without_a_name(tmp_path, photos):
    no_photo(hidden_name(tmp_path))
    with pytest.raises(InputError, match=r"Only 7 of 8 photos can be used; 8 .*Photo 1: .*no photo") as caught:
        read_photo_set([hidden_name(tmp_path), *photos[:7]], 64)
    assert "Jane" not in str(caught.value)
    assert len(read_photo_set(photos[:8], 64)) == 8


def test_a_photo_that_is_there_twice_counts_once(tmp_path, photos):
    """Else it could be learnt from and held out as well."""
    (tmp_path / "again.png").write_bytes(photos[0].read_bytes())
    Image.open(photos[1]).save(tmp_path / "same.bmp")
    read = read_photo_set([tmp_path / "again.png", *photos, tmp_path / "same.bmp"], 64)
    assert np.array_equal(read.pixels, noise_photos(10).pixels)
    assert read.notes == ("Photos left out because others show the same: 2.",)
    with pytest.raises(InputError, match="Only 7 of 8 photos"):
        read_photo_set([tmp_path / "again.png", *photos[:7]], 64)


@pytest.mark.parametrize(
    ("side", "note"), [(128, ()), (64, ("Photos smaller than 128 pixels, which were enlarged: 10.",))]
)
def test_photos_are_brought_to_the_size_of_the_generator(tmp_path, side, note):
    files = sorted(write_photos(tmp_path / "photos", side=side).iterdir())
    read = read_photo_set(files, 128)
    assert read.pixels.shape == (10, 128, 128, 3)
    assert read.notes == note
    smaller = read_photo_set(files, 64)
    assert smaller.notes == ()
    means = noise_photos(10, side=side).pixels.mean(axis=(1, 2))
    np.testing.assert_allclose(smaller.pixels.mean(axis=(1, 2)), means, atol=0.6)


def test_photos_in_a_file_are_those_in_memory(tmp_path, photos):
    no_photo(hidden_name(tmp_path))
    files = [*photos, hidden_name(tmp_path), photos[0]]
    packed = read_photo_set(files, 64, packed=tmp_path / "packed")
    in_memory = read_photo_set(files, 64)
    assert isinstance(packed.pixels, np.memmap)
    assert not isinstance(in_memory.pixels, np.memmap)
    assert (packed.sha256, packed.notes, packed.unread) == (in_memory.sha256, in_memory.notes, in_memory.unread)
    assert (tmp_path / "packed").stat().st_size == 10 * 64 * 64 * 3
    mapped = map_photo_set(tmp_path / "packed", 64)
    assert mapped.sha256 == in_memory.sha256
    assert torch.equal(mapped.images([3, 9]), in_memory.images([3, 9]))
    with pytest.raises(ValueError, match="read-only"):
        mapped.pixels[0] = 0


def test_reading_can_be_cancelled(photos):
    def stop(step, done, total):
        if done == 3:
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        read_photo_set(photos, 64, progress=stop)


def test_the_hash_knows_pixels_and_their_order():
    ones, others = noise_photos(4), noise_photos(4, seed=1)
    swapped = PhotoSet(ones.pixels[::-1])
    assert len({ones.sha256, others.sha256, swapped.sha256}) == 3
    assert PhotoSet(ones.pixels.copy()).sha256 == ones.sha256


def test_photos_held_out_are_others_than_those_learnt_from_and_hang_on_the_seed():
    photos = noise_photos(200)
    learnt, held_out = photos.split(0.1, 3)
    assert (len(learnt), len(held_out)) == (180, 20)
    assert sorted([*learnt, *held_out]) == list(range(200))
    assert np.array_equal(photos.split(0.1, 3)[1], held_out)
    assert not np.array_equal(photos.split(0.1, 4)[1], held_out)


@pytest.mark.parametrize(("count", "share", "expected"), [(159, 0.1, 16), (150, 0.1, 0), (20, 0.8, 0), (200, 0.0, 0)])
def test_too_few_are_not_held_out(count, share, expected):
    learnt, held_out = PhotoSet(np.zeros((count, 1, 1, 3), np.uint8)).split(share, 0)
    assert (len(held_out), len(learnt)) == (expected, count - expected)


def test_drawn_photos_are_known(tmp_path):
    write_cohort(PortraitPhantomOptions(9, 5), tmp_path)
    drawn = sorted((tmp_path / "photos").iterdir())
    assert read_photo_set(drawn, 64).phantom
    for file in drawn:
        Image.open(file).save(file)
    assert not read_photo_set(drawn, 64).phantom
