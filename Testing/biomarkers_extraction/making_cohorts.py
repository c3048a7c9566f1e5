"""Small PET/CT of spheres as files, tables of them, and networks that learnt nothing."""

import csv

import numpy as np
import SimpleITK as sitk
import torch

from prognosis.biomarkers.images.intensity import DEFAULT_NORMALISATION
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.networks.training import TrainedUNet
from prognosis.biomarkers.networks.unet import SegmentingUNet, UNetKind, UNetOptions
from prognosis.biomarkers.networks.unet_bundle import save_unet
from prognosis.bundles.manifest import Training
from prognosis.bundles.model_used import Description

COLUMNS = ("patient_id", "annotation_id", "ct", "pet", "tumour", "ct_tumour", "pet_tumour")
PAPER = RegionOptions()
CENTRE = np.array([0.0, 0.0, 0.0])


def write_image(path, size, spacing, values):
    """Write an image around the origin; `values` is given (k, j, i, 3) positions."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in size[::-1]), indexing="ij")[::-1], -1)
    origin = -np.asarray(spacing) * (np.asarray(size) - 1) / 2
    image = sitk.GetImageFromArray(values(index * spacing + origin))
    image.SetSpacing(spacing)
    image.SetOrigin(origin.tolist())
    sitk.WriteImage(image, str(path))


def distance(at, centre):
    return np.linalg.norm(at - centre, axis=-1)


def write_patient(folder, radius_mm, seed):
    """Write ct.nii.gz, pet.nii.gz and tumour.nii.gz of a sphere with uptake in a larger one."""
    folder.mkdir(parents=True)
    random = np.random.default_rng(seed)

    def ct(at):
        body = np.where(distance(at, CENTRE) < 62, 40.0, -1000.0) + 260 * (distance(at, [40, 0, 0]) < 12)
        return (body + random.normal(0, 20, body.shape)).astype(np.int16)

    def pet(at):
        uptake = 0.5 + 7.5 * (distance(at, CENTRE) < radius_mm)
        return (uptake + np.abs(random.normal(0, 0.2, uptake.shape))).astype(np.float32)

    write_image(folder / "ct.nii.gz", (44, 44, 26), (3.0, 3.0, 4.0), ct)
    write_image(folder / "pet.nii.gz", (32, 32, 26), (4.2, 4.2, 4.0), pet)
    write_image(
        folder / "tumour.nii.gz",
        (44, 44, 26),
        (3.0, 3.0, 4.0),
        lambda at: (distance(at, CENTRE) < radius_mm).astype(np.uint8),
    )


def write_table(path, *rows, columns=COLUMNS):
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([columns, *rows])
    return path


def save_network(folder, modality, *, seed=0, region=PAPER, phantom=False):
    """Save a tiny network of random weights as a bundle."""
    torch.manual_seed(seed)
    return save_unet(
        folder,
        TrainedUNet(
            network=SegmentingUNet(UNetOptions(UNetKind.COMPACT, (2, 2, 4, 4, 512))).eval(),
            modality=modality,
            normalisation=DEFAULT_NORMALISATION[modality],
            region=region,
            training=Training(1, 1, 0, 0, 1.0, 0, 0, "nobody"),
            metrics={},
            ranges={},
            phantom=phantom,
        ),
        Description(folder.name),
    )
