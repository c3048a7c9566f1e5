"""A phantom patient with a later CT, and result folders with heat made by hand."""

import json

import numpy as np
from scipy import ndimage

from prognosis.biomarkers.images.cutting import BEYOND
from prognosis.biomarkers.images.region import RegionOptions
from prognosis.biomarkers.images.region_place import place_region
from prognosis.biomarkers.images.sampling import sample_linearly
from prognosis.biomarkers.modality import Modality
from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import cropped_lesion
from prognosis.imaging.placing import place_on
from prognosis.imaging.volume import Volume
from prognosis.imaging.writing import write_volume


def lesion_of(label_map):
    return cropped_lesion(1, "tumour", label_map.array > 0, label_map.geometry)


def on_region(label_map, region):
    mask = np.zeros(region.shape, bool)
    if label_map.array.any():
        placed = place_on(lesion_of(label_map), region)
        mask[placed.slices] = placed.mask
    return mask


class Scene:
    """A phantom patient, cut as scoring cuts."""

    def __init__(self, patient):
        self.patient = patient
        self.region = place_region(lesion_of(patient.tumour), [patient.ct.geometry], RegionOptions()).geometry
        self.ct, self.pet = (
            sample_linearly(volume, self.region, beyond=BEYOND[modality]).array
            for modality, volume in ((Modality.CT, patient.ct), (Modality.PET, patient.pet))
        )
        self.tumour = on_region(patient.tumour, self.region)
        self.periphery = on_region(patient.periphery, self.region)
        self.followup = patient.followup

    def corners_missed_mm(self, registration):
        """How far the region's corners are from where the phantom put them."""
        ends = [(0, size - 1) for size in self.region.size]
        corners = self.region.to_patient([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])
        truth, found = self.followup.pose.matrix, registration.matrix
        apart = corners @ (truth - found)[:3, :3].T + (truth - found)[:3, 3]
        return np.linalg.norm(apart, axis=1)


def planted(scene):
    """Heat where the disease grew, with a little noise."""
    grain = smooth_noise(scene.region.shape, 0)
    return (ndimage.gaussian_filter(scene.periphery.astype(np.float32), 2) + 0.01 * grain).astype(np.float32)


def smooth_noise(shape, seed):
    values = ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(shape), 3)
    return (values / values.std()).astype(np.float32)


def document(**changes):
    return {
        "format": "prognosis-petct-1",
        "watermark": None,
        "endpoints": {"os2": {"shown": "death within 2 years"}},
        "heat": {"endpoint": "os2", "method": "guided backpropagation"},
        "model": {
            "name": "by-hand", "version": "1", "sha256": "ab" * 32, "demonstration": True,
            "intended_use": "Tests.", "training_summary": "none", "metrics": {},
        },
        "warnings": [],
        **changes,
    }  # fmt: skip


def write_result(folder, scene, heat, **changes):
    """The files of `biomarkers score` that a follow-up reads."""
    folder.mkdir(parents=True)

    def write(name, values, modality=None):
        write_volume(Volume(values, scene.region, modality=modality, phantom="petct"), folder / f"region_{name}.nrrd")

    write("ct", scene.ct, "CT")
    write("pet", scene.pet, "PT")
    write("tumour", scene.tumour)
    for modality, values in heat.items():
        write(f"heat_{modality.value}", values)
    (folder / "patient.json").write_text(json.dumps(document(**changes)), encoding="utf-8")
    return folder


def moved_far(volume, shift):
    """The same image at other coordinates, as of another frame of reference."""
    g = volume.geometry
    x, y, z = np.add(g.origin, shift)
    return Volume(volume.array, Geometry(g.size, g.spacing, (x, y, z), g.direction), volume.modality)
