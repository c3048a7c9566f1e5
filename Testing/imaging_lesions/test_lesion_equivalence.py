"""The same lesions give the same voxels from every kind of file, on an image of any orientation."""

import numpy as np
import pytest
from making_lesion_files import a_ct, outlines_of, write_rtstruct, write_seg

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, LesionSet
from prognosis.imaging.lesion_readers import read_lesions
from prognosis.imaging.lesion_writing import write_labelmap, write_seg_nrrd
from prognosis.imaging.placing import place_on
from prognosis.imaging.volume import Volume

KINDS = ("seg.nrrd", "nii.gz", "nrrd", "seg", "fractional", "labelmap seg", "rtstruct")


def turned(geometry: Geometry, way: str) -> Geometry:
    """The same voxel centres with their axes named otherwise."""
    affine, size = geometry.affine.copy(), list(geometry.size)
    if way == "flipped":
        affine[:3, 3] = geometry.to_patient([size[0] - 1, 0, size[2] - 1])
        affine[:3, [0, 2]] *= -1
    if way == "permuted":
        affine[:3, :3] = affine[:3, [2, 0, 1]]
        size = [size[axis] for axis in (2, 0, 1)]
    return Geometry.from_affine(affine, (size[0], size[1], size[2]))


def oblique(geometry: Geometry) -> Geometry:
    angle = np.radians(20)
    direction = (np.cos(angle), -np.sin(angle), 0, np.sin(angle), np.cos(angle), 0, 0, 0, 1)
    return Geometry(geometry.size, geometry.spacing, geometry.origin, tuple(float(v) for v in direction))


def written(kind, folder, image: Volume, masks):
    lesions = [LesionMask(n, name, masks[name], image.geometry) for n, name in enumerate(masks, start=1)]
    if kind == "seg.nrrd":
        write_seg_nrrd(lesions, image.geometry, folder / "lesions.seg.nrrd")
        return folder / "lesions.seg.nrrd"
    if kind in ("nii.gz", "nrrd"):
        write_labelmap(lesions, image.geometry, folder / f"lesions.{kind}")
        return folder / f"lesions.{kind}"
    if kind == "rtstruct":
        outlines = {name: outlines_of(mask, image.geometry) for name, mask in masks.items()}
        return write_rtstruct(folder / "lesions.dcm", outlines)
    seg_kind = {"seg": "BINARY", "fractional": "FRACTIONAL", "labelmap seg": "LABELMAP"}[kind]
    return write_seg(folder / "lesions.dcm", image, masks, seg_kind)


def painted(lesions: LesionSet, geometry: Geometry):
    labels = np.zeros(geometry.shape, int)
    for lesion in lesions.lesions:
        place = place_on(lesion, geometry)
        labels[place.slices][place.mask] = lesion.label
    return labels


@pytest.mark.parametrize("orientation", ["axial", "oblique"])
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_drawn_voxels(kind, orientation, image, masks, tmp_path):
    if orientation == "oblique":
        image = a_ct(oblique(image.geometry))
    read = read_lesions(written(kind, tmp_path, image, masks), image)
    expected = masks["Tumor left"] + 2 * masks["LN 4R"]
    np.testing.assert_array_equal(painted(read, image.geometry), expected)
    assert [lesion.label for lesion in read.lesions] == [1, 2]
    named = kind not in ("nii.gz", "nrrd")
    assert [lesion.name for lesion in read.lesions] == (list(masks) if named else ["lesion 1", "lesion 2"])


@pytest.mark.parametrize("way", ["flipped", "permuted"])
@pytest.mark.parametrize("kind", KINDS)
def test_an_image_with_other_axes_shows_the_lesions_in_the_same_place(kind, way, image, masks, tmp_path):
    path = written(kind, tmp_path, image, masks)
    other = a_ct(turned(image.geometry, way))
    straight, seen = read_lesions(path, image), read_lesions(path, other)
    for here, there in zip(straight.lesions, seen.lesions, strict=True):
        assert place_on(there, other.geometry).mask.sum() == place_on(here, image.geometry).mask.sum()
        np.testing.assert_allclose(there.centroid, here.centroid, atol=1e-3)
        assert there.volume_mm3 == pytest.approx(here.volume_mm3)
        assert there.notes == here.notes


def test_a_segmentation_whose_header_speaks_ras_lies_in_the_same_place(image, masks, tmp_path):
    path = written("seg.nrrd", tmp_path, image, masks)
    header, data = path.read_bytes().split(b"\n\n", 1)
    header = header.replace(b"left-posterior-superior", b"right-anterior-superior")
    header = header.replace(b"(1.5,0.0,0.0) (0.0,1.25,0.0)", b"(-1.5,0.0,0.0) (0.0,-1.25,0.0)")
    header = header.replace(b"(-20.0,12.5,-340.0)", b"(20.0,-12.5,-340.0)")
    assert b"space origin: (20.0" in header
    (tmp_path / "ras.seg.nrrd").write_bytes(header + b"\n\n" + data)
    np.testing.assert_array_equal(
        painted(read_lesions(tmp_path / "ras.seg.nrrd", image), image.geometry),
        painted(read_lesions(path, image), image.geometry),
    )
