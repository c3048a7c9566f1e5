"""One PET/CT phantom patient, drawn to the last voxel."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from prognosis.imaging.volume import Volume
from prognosis.phantoms.petct.chest import Chest
from prognosis.phantoms.petct.followup import FollowUp, draw_followup
from prognosis.phantoms.petct.growth import in_periphery, plant_growth
from prognosis.phantoms.petct.options import PetctPhantomOptions
from prognosis.phantoms.petct.scanner import PHANTOM, Scanner, take_ct, take_pet
from prognosis.phantoms.petct.scene import Lattice, Mask
from prognosis.phantoms.petct.truth import PatientTruth, Stream, draw_truth, generator
from prognosis.phantoms.petct.tumour import grow_tumour, outline, paint_tumour, place_tumour, tumour_radius_mm
from prognosis.phantoms.petct.vessels import paint_vessels

_TUMOUR_OFF_CENTRE_MM = (8.0, 8.0, 5.0)


@dataclass(frozen=True)
class PetctPatient:
    """A patient whose log odds of death are known.

    Args:
        truth: Numbers behind images and outcome.
        ct: int16 Hounsfield units.
        pet: float32 SUVbw on a lattice of its own.
        tumour: uint8 label map on the CT's lattice: what a reader outlined.
        periphery: uint8 label map on the CT's lattice: the growth that carries risk, in no contour; all zero where
            there is none.
        decoys: uint8 label map on the CT's lattice: large vessels as far from the tumour, which carry no
            risk.
        true_tumour: Booleans [k, j, i] on the CT's lattice, before the reader.
        centre: Of the tumour, LPS mm.
        left: Whether the tumour is in the left lung.
        hilum_angle_degrees: Between growth and hilum as seen from the tumour, NaN without growth.
        followup: The later scan; None where none was asked for, or the patient's time ended before it.
    """

    truth: PatientTruth
    ct: Volume
    pet: Volume
    tumour: Volume
    periphery: Volume
    decoys: Volume
    true_tumour: Mask
    centre: NDArray[np.float64]
    left: bool
    hilum_angle_degrees: float
    followup: FollowUp | None


def draw_patient(options: PetctPhantomOptions, patient_index: int) -> PetctPatient:
    """Draw a patient's images, contour and outcome.

    Args:
        options: The cohort.
        patient_index: From 0; the same patient comes out whatever the number of patients.
    """
    truth = draw_truth(options, patient_index)
    anatomy, of_tumour, of_growth, of_vessels, of_scanner, reader = (
        generator(options, patient_index, stream)
        for stream in (
            Stream.ANATOMY, Stream.TUMOUR, Stream.GROWTH, Stream.VESSELS, Stream.SCANNER, Stream.READER
        )
    )  # fmt: skip
    chest, scanner = Chest.draw(anatomy), Scanner.draw(of_scanner)
    radius = tumour_radius_mm(truth)
    centre = place_tumour(chest, radius, of_tumour)
    middle = centre + anatomy.uniform(-1.0, 1.0, size=3) * _TUMOUR_OFF_CENTRE_MM
    scene = chest.paint(Lattice.around(middle, options.field_of_view_mm, scanner.ct_spacing), anatomy)
    vessels = paint_vessels(scene, chest, centre, radius, of_vessels)
    before = scene.copy() if options.followup else scene
    tumour = grow_tumour(scene, truth, centre, of_tumour)
    growth = plant_growth(scene, chest, tumour, truth, of_growth)
    paint_tumour(scene, tumour, truth.suv_mean, of_tumour)
    decoys = in_periphery(vessels & ~growth.mask, tumour, scene)
    geometry = scene.lattice.geometry
    return PetctPatient(
        truth=truth,
        ct=take_ct(scene.hu, geometry, scanner, of_scanner),
        pet=take_pet(scene, scanner, of_scanner),
        tumour=Volume(outline(scene, tumour, reader).astype(np.uint8), geometry, phantom=PHANTOM),
        periphery=Volume(growth.mask.astype(np.uint8), geometry, phantom=PHANTOM),
        decoys=Volume(decoys.astype(np.uint8), geometry, phantom=PHANTOM),
        true_tumour=tumour.whole(geometry.shape),
        centre=centre,
        left=chest.side > 0,
        hilum_angle_degrees=growth.hilum_angle_degrees,
        followup=draw_followup(before, tumour, growth, truth, generator(options, patient_index, Stream.FOLLOW_UP))
        if options.followup
        else None,
    )
