"""From a painted body to a CT and a PET: resolution, lattice and noise, none of which carries risk."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from prognosis.imaging.geometry import Geometry
from prognosis.imaging.volume import Volume
from prognosis.phantoms.petct.scene import Float, Lattice, Scene

PHANTOM = "petct"
_TRUNCATE = 2.5
_SLICE_BLUR_VOXELS = 0.4
_PET_MARGIN_MM = 3.0


@dataclass(frozen=True)
class Scanner:
    """How images are taken.

    Args:
        ct_spacing, pet_spacing: mm along x, y, z.
        ct_noise_hu: SD of the noise.
        ct_blur_mm: SD of the reconstruction kernel in the plane.
        pet_blur_mm: SD of the point spread function.
        pet_noise: SD of the noise at an uptake of 1.
        breathing_mm: PET against CT along x, y, z.
    """

    ct_spacing: tuple[float, float, float]
    pet_spacing: tuple[float, float, float]
    ct_noise_hu: float
    ct_blur_mm: float
    pet_blur_mm: float
    pet_noise: float
    breathing_mm: tuple[float, float, float]

    @staticmethod
    def draw(rng: np.random.Generator) -> "Scanner":
        """Draw a scanner and its settings."""
        plane, pet_plane = round(float(rng.uniform(1.2, 1.5)), 3), round(float(rng.uniform(3.6, 4.3)), 3)
        slices, pet_slices = float(rng.choice([2.0, 2.5, 3.0])), float(rng.choice([3.0, 3.27, 4.0]))
        shift = rng.normal(0.0, (0.4, 0.6, 1.0))
        return Scanner(
            ct_spacing=(plane, plane, slices),
            pet_spacing=(pet_plane, pet_plane, pet_slices),
            ct_noise_hu=float(rng.uniform(9.0, 22.0)),
            ct_blur_mm=float(rng.uniform(0.65, 1.0)),
            pet_blur_mm=float(rng.uniform(2.1, 2.9)),
            pet_noise=float(rng.uniform(0.06, 0.13)),
            breathing_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        )


def take_ct(hu: Float, geometry: Geometry, scanner: Scanner, rng: np.random.Generator) -> Volume:
    """Blur and add noise, the noise left having the scanner's SD; int16 Hounsfield units."""
    plane = scanner.ct_blur_mm / geometry.spacing[0]
    width = (_SLICE_BLUR_VOXELS, plane, plane)
    noise = np.float32(scanner.ct_noise_hu / _noise_left(width)) * rng.standard_normal(hu.shape, np.float32)
    blurred = ndimage.gaussian_filter(hu + noise, width, truncate=_TRUNCATE)
    array = np.clip(np.rint(blurred), -1024, 3071).astype(np.int16)
    return Volume(array, geometry, modality="CT", phantom=PHANTOM)


def take_pet(scene: Scene, scanner: Scanner, rng: np.random.Generator) -> Volume:
    """Blur the uptake, sample it on a coarser lattice inside the CT's, and add noise; float32 SUVbw."""
    geometry = _pet_geometry(scene.lattice, scanner, rng)
    ct = scene.lattice.geometry
    blurred = ndimage.gaussian_filter(
        scene.suv, [scanner.pet_blur_mm / step for step in ct.spacing[::-1]], truncate=_TRUNCATE
    )
    start = (np.asarray(geometry.origin) - scanner.breathing_mm - ct.origin) / ct.spacing
    suv = ndimage.affine_transform(
        blurred,
        [a / b for a, b in zip(geometry.spacing[::-1], ct.spacing[::-1], strict=True)],
        offset=start[::-1],
        output_shape=geometry.shape,
        order=1,
        mode="nearest",
    )
    width = (0.6, 0.7, 0.7)
    grain = ndimage.gaussian_filter(rng.standard_normal(suv.shape, np.float32), width, truncate=_TRUNCATE)
    noisy = suv + np.float32(scanner.pet_noise / _noise_left(width)) * np.sqrt(np.maximum(suv, 0.05)) * grain
    array: NDArray[np.float32] = np.round(np.maximum(noisy, 0.0), 3).astype(np.float32)
    return Volume(array, geometry, modality="PT", phantom=PHANTOM)


def _pet_geometry(lattice: Lattice, scanner: Scanner, rng: np.random.Generator) -> Geometry:
    ct = lattice.geometry
    extent = np.asarray(ct.size) * ct.spacing - 2.0 * _PET_MARGIN_MM
    i, j, k = (int(n) for n in np.floor(extent / scanner.pet_spacing))
    corner = np.asarray(ct.origin) + _PET_MARGIN_MM + rng.uniform(0.0, 1.5, size=3)
    x, y, z = (round(float(value), 3) for value in corner)
    return Geometry((i, j, k), scanner.pet_spacing, (x, y, z))


def _noise_left(width: tuple[float, float, float]) -> float:
    """SD that white noise of SD 1 has after blurring."""
    impulse = np.zeros(33)
    impulse[16] = 1.0
    return float(
        np.prod([np.linalg.norm(ndimage.gaussian_filter1d(impulse, sigma, truncate=_TRUNCATE)) for sigma in width])
    )
