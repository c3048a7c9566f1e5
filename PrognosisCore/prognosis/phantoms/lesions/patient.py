"""One phantom patient, drawn to the last voxel."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.lesion_mask import LesionMask, cropped_lesion
from prognosis.imaging.volume import Volume
from prognosis.phantoms.lesions.anatomy import paint_anatomy
from prognosis.phantoms.lesions.annotators import outline
from prognosis.phantoms.lesions.canvas import Canvas, Float, Mask
from prognosis.phantoms.lesions.options import LesionPhantomOptions
from prognosis.phantoms.lesions.organs import ORGAN_NAMES
from prognosis.phantoms.lesions.placement import Ground, PlacedLesion
from prognosis.phantoms.lesions.truth import PatientTruth, Scanner, Stream, draw_truth, generator

PHANTOM = "lesions"


@dataclass(frozen=True)
class PhantomPatient:
    """A patient whose risk is known.

    Args:
        truth: Numbers behind image and outcome.
        image: CT in Hounsfield units, int16.
        lesions: True masks, in the order and with the labels of `truth.lesions`.
        annotations: What each reader outlined, in the same order.
        organs: Organ labels [k, j, i] on the image's lattice; a lesion's voxels carry its organ's.
        organ_names: Label -> name as TotalSegmentator writes it; 'mediastinum' is what lies between its organs.
    """

    truth: PatientTruth
    image: Volume
    lesions: tuple[LesionMask, ...]
    annotations: tuple[tuple[LesionMask, ...], ...]
    organs: NDArray[np.uint8]
    organ_names: Mapping[int, str] = field(default_factory=lambda: dict(ORGAN_NAMES))


def draw_patient(options: LesionPhantomOptions, patient_index: int) -> PhantomPatient:
    """Draw a patient's image, lesions, organs and outcome.

    Args:
        options: The cohort.
        patient_index: From 0; the same patient comes out whatever the number of patients.
    """
    truth = draw_truth(options, patient_index)
    canvas = Canvas.blank(options.size, options.spacing)
    paint_anatomy(canvas, truth.scanner.enhancement, generator(options, patient_index, Stream.ANATOMY))
    placed = _plant_lesions(canvas, truth, generator(options, patient_index, Stream.LESIONS))
    image = Volume(
        array=_scanned(canvas.hu, truth.scanner, generator(options, patient_index, Stream.SCANNER)),
        geometry=canvas.geometry,
        modality="CT",
        phantom=PHANTOM,
    )
    readers = generator(options, patient_index, Stream.ANNOTATORS)
    return PhantomPatient(
        truth=truth,
        image=image,
        lesions=tuple(_as_lesion(label, each, each.mask, image.geometry) for label, each in enumerate(placed, start=1)),
        annotations=tuple(
            tuple(
                _as_lesion(label, each, outline(each.mask, options.spacing, readers), image.geometry)
                for label, each in enumerate(placed, start=1)
            )
            for _ in range(truth.annotators)
        ),
        organs=canvas.labels,
    )


def organ_masks(patient: PhantomPatient) -> tuple[LesionMask, ...]:
    """Cut each organ to its own mask, named and numbered as in `organ_names`."""
    geometry = patient.image.geometry
    masks = []
    for label, cut in enumerate(ndimage.find_objects(patient.organs), start=1):
        if cut is not None:
            k, j, i = cut
            box = geometry.crop((i.start, j.start, k.start), (i.stop - i.start, j.stop - j.start, k.stop - k.start))
            masks.append(LesionMask(label, patient.organ_names[label], patient.organs[cut] == label, box))
    return tuple(masks)


def _plant_lesions(canvas: Canvas, truth: PatientTruth, rng: np.random.Generator) -> list[PlacedLesion]:
    """Plant the largest first, since it needs the most room; return them in label order."""
    ground = Ground(canvas)
    placed = {
        lesion.label: ground.plant(lesion, truth.scanner.enhancement, rng)
        for lesion in sorted(truth.lesions, key=lambda lesion: -lesion.volume_mm3)
    }
    return [placed[lesion.label] for lesion in truth.lesions]


def _as_lesion(label: int, placed: PlacedLesion, mask: Mask, image: Geometry) -> LesionMask:
    k, j, i = placed.box
    box = image.crop((i.start, j.start, k.start), (i.stop - i.start, j.stop - j.start, k.stop - k.start))
    lesion = cropped_lesion(label, f"lesion {label}", mask, box)
    assert lesion is not None, "a lesion holds at least one voxel by construction"
    return lesion


def _scanned(hu: Float, scanner: Scanner, rng: np.random.Generator) -> NDArray[np.int16]:
    """Add noise, blur both by the kernel so that the noise left has the scanner's SD, and round."""
    blur = scanner.blur_voxels
    impulse = np.zeros(33)
    impulse[16] = 1.0
    noise_left = float(np.sum(ndimage.gaussian_filter1d(impulse, blur) ** 2))  # two axes, each its square root
    noisy = hu + np.float32(scanner.noise_hu / noise_left) * rng.standard_normal(hu.shape, np.float32)
    blurred = ndimage.gaussian_filter(noisy, (0.0, blur, blur))
    return np.clip(np.rint(blurred), -1024, 3071).astype(np.int16)
