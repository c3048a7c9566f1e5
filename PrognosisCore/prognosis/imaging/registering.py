"""Rigid registration of a small region of a CT into a larger CT of the same patient.

Nothing is known of the pose but that the patient lies roughly the same way: every shift is tried on a coarse lattice,
the best few are refined together with the coordinates as they are, and the best of those is refined to the end.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from prognosis.errors import InputError
from prognosis.imaging.coarse_match import best_shifts, correlate_everywhere
from prognosis.imaging.volume import Volume
from prognosis.progress import Progress, silent

Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]

_LOWEST_HU, _HIGHEST_HU = -1000.0, 400.0
_COARSE_MM, _MIDDLE_MM = 4.0, 2.0
_STARTS, _APART_VOXELS = 5, 3
_LEAST_OVERLAP = 0.6
_UNKNOWN = -1e6
_MARGIN_MM = 30.0
_FINE_SAMPLED = 0.25
_LEAST_COUNTED = 1000
_FINE_MM, _LEAST_WEIGHT = 4.0, 1e-3


@dataclass(frozen=True)
class Registration:
    """How a region's CT lies in another CT.

    Args:
        matrix: 4x4, from positions (LPS, mm) in the region to positions in the other CT.
        centre: Of the region, LPS mm.
        match: Correlation of the Hounsfield units (clipped to [-1000, 400], voxels of about 2 mm) of both over what
            counts, -1 to 1.
        match_before: The same with the coordinates as they are; None where the images then hardly overlap.
        detail: The same of what is finer than about 1 cm (the difference from a Gaussian mean of SD 4 mm): chests are
            alike in the large, vessels and ribs fit only at their own place.
        overlap: Part of what counts of the region that the other CT shows, 0 to 1.
        start: What it was found from, in words.
    """

    matrix: Matrix
    centre: tuple[float, float, float]
    match: float
    match_before: float | None
    detail: float
    overlap: float
    start: str

    @property
    def shift_mm(self) -> NDArray[np.float64]:
        """How the region's centre moves along x, y, z."""
        moved: NDArray[np.float64] = self.matrix[:3, :3] @ self.centre + self.matrix[:3, 3] - self.centre
        return moved

    @property
    def rotation_degrees(self) -> float:
        """The angle about whatever axis."""
        return float(np.degrees(Rotation.from_matrix(self.matrix[:3, :3]).magnitude()))


def register_region(
    region: Volume, counted: Mask, scan: Volume, *, seed: int = 0, progress: Progress = silent
) -> Registration:
    """Find how a region of a CT lies in another CT of the same patient.

    The result is the same on every machine and run: one thread, fixed seed.

    Args:
        region: Hounsfield units of the region.
        counted: Booleans [k, j, i], which of its voxels are expected to look the same in the other CT.
        scan: The other CT, at least as large as 60 % of the region.
        seed: Of the voxels sampled at the end.
        progress: Told after each stage.

    Raises:
        InputError: Too little of the region counts, or the region fits nowhere into the scan.
    """
    if np.count_nonzero(counted) < _LEAST_COUNTED:
        raise InputError(
            "Too little of the region can be compared with the other CT once the tumour is left out.",
            remedy="A scaled region (`--scaled-region` when the model is trained) leaves more around a large tumour.",
        )
    coarse, middle, fine = (_Pair.of(region, counted, step) for step in (_COARSE_MM, _MIDDLE_MM, 0.0))
    moving = _clipped(scan)
    progress("registering", 0, 3)
    found = [(words, coarse.refined(moving, start, seed=seed)) for words, start in _starts(coarse, moving)]
    progress("registering", 1, 3)
    words, best = max(found, key=lambda each: coarse.match(moving, each[1]).value)
    stages = [best, middle.refined(moving, best, seed=seed)]
    progress("registering", 2, 3)
    stages.append(fine.refined(moving, stages[-1], seed=seed, sampled=_FINE_SAMPLED))
    finest = max(stages, key=lambda each: middle.match(moving, each).value)
    after, before = middle.match(moving, finest), middle.match(moving, sitk.Transform())
    progress("registering", 3, 3)
    x, y, z = fine.centre
    return Registration(
        matrix=_matrix(finest),
        centre=(x, y, z),
        match=after.value,
        match_before=before.value if before.overlap >= _LEAST_OVERLAP else None,
        detail=after.detail,
        overlap=after.overlap,
        start=words,
    )


@dataclass(frozen=True)
class _Match:
    value: float
    detail: float
    overlap: float


@dataclass(frozen=True)
class _Pair:
    """A region and the voxels of it that count, both on one lattice."""

    image: sitk.Image
    mask: sitk.Image
    centre: tuple[float, float, float]

    @staticmethod
    def of(region: Volume, counted: Mask, step_mm: float) -> "_Pair":
        """Average a region over blocks of about `step_mm`; a block counts where most of it does."""
        factors = [max(1, round(step_mm / spacing)) for spacing in region.geometry.spacing]
        middle = (np.asarray(region.geometry.size) - 1) / 2
        x, y, z = (float(value) for value in region.geometry.to_patient(middle))
        mask = _as_itk(Volume(counted.astype(np.float32), region.geometry))
        return _Pair(
            sitk.BinShrink(_clipped(region), factors), sitk.BinShrink(mask, factors) >= 0.75, (x, y, z)
        )  # fmt: skip

    @property
    def counted(self) -> Mask:
        return np.asarray(sitk.GetArrayViewFromImage(self.mask)) > 0

    def match(self, moving: sitk.Image, transform: sitk.Transform) -> _Match:
        """Correlation with the other image under a transform, and how much of the region the other image shows."""
        step = min(self.image.GetSpacing())
        there = sitk.GetArrayFromImage(
            sitk.Resample(_shrunk(moving, step), self.image, transform, sitk.sitkLinear, _UNKNOWN)
        )
        counted = self.counted
        shown = counted & (there > _UNKNOWN / 2)
        overlap = int(shown.sum()) / max(int(counted.sum()), 1)
        if overlap < _LEAST_OVERLAP:
            return _Match(-1.0, -1.0, overlap)
        here = sitk.GetArrayFromImage(self.image)
        return _Match(
            _correlation(here[shown], there[shown]),
            _correlation(self._fine(here, shown)[shown], self._fine(there, shown)[shown]),
            overlap,
        )

    def _fine(self, values: NDArray, shown: Mask) -> NDArray:
        """What is left of values once their surroundings' mean is taken off."""
        sigma = [_FINE_MM / float(step) for step in self.image.GetSpacing()[::-1]]
        weight = ndimage.gaussian_filter(shown.astype(np.float32), sigma)
        mean = ndimage.gaussian_filter(np.where(shown, values, 0), sigma) / np.maximum(weight, _LEAST_WEIGHT)
        fine: NDArray = values - mean
        return fine

    def refined(
        self, moving: sitk.Image, start: sitk.Euler3DTransform, *, seed: int, sampled: float = 1.0
    ) -> sitk.Euler3DTransform:
        """Climb from a transform to the nearest best one."""
        step = min(self.image.GetSpacing())
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)
        method.SetMetricAsCorrelation()
        method.SetMetricFixedMask(self.mask)
        if sampled < 1:
            method.SetMetricSamplingStrategy(method.RANDOM)
            method.SetMetricSamplingPercentage(sampled, seed + 1)
        method.SetInterpolator(sitk.sitkLinear)
        method.SetOptimizerAsRegularStepGradientDescent(
            learningRate=step, minStep=step / 200, numberOfIterations=100, gradientMagnitudeTolerance=1e-8
        )
        method.SetOptimizerScalesFromPhysicalShift()
        transform = sitk.Euler3DTransform(start)
        method.SetInitialTransform(transform, inPlace=True)
        method.Execute(self.image, _around(_shrunk(moving, step), self.image, start))
        return transform


def _starts(coarse: _Pair, moving: sitk.Image) -> Iterator[tuple[str, sitk.Euler3DTransform]]:
    """The coordinates as they are where they fit at all, then the best shifts."""
    as_they_are = sitk.Euler3DTransform()
    as_they_are.SetCenter(coarse.centre)
    fits = coarse.match(moving, as_they_are).overlap >= _LEAST_OVERLAP
    if fits:
        yield "the coordinates as they are", as_they_are
    step = np.asarray(coarse.image.GetSpacing())
    grid = _grid_over(moving, coarse.image)
    there = sitk.GetArrayFromImage(
        sitk.Resample(_shrunk(moving, float(step.min())), grid, sitk.Transform(), sitk.sitkLinear, _UNKNOWN)
    )
    correlation, first = correlate_everywhere(
        sitk.GetArrayFromImage(coarse.image), coarse.counted, there, there > _UNKNOWN / 2, least_overlap=_LEAST_OVERLAP
    )
    shifts = best_shifts(correlation, first, most=_STARTS, apart=_APART_VOXELS)
    if not shifts and not fits:
        raise InputError(
            "The baseline region fits nowhere into the follow-up CT, which is too small.",
            remedy="Give the whole follow-up CT, not a piece of it.",
        )
    for shift in shifts:
        place = grid.TransformContinuousIndexToPhysicalPoint([float(n) for n in shift[::-1]])
        start = sitk.Euler3DTransform(as_they_are)
        start.SetTranslation([float(a - b) for a, b in zip(place, coarse.image.GetOrigin(), strict=True)])
        yield "a search over all shifts", start


def _correlation(one: NDArray, other: NDArray) -> float:
    """-1 where either is the same everywhere."""
    return float(np.corrcoef(one, other)[0, 1]) if one.std() > 0 and other.std() > 0 else -1.0


def _grid_over(moving: sitk.Image, like: sitk.Image) -> sitk.Image:
    """An empty lattice that covers an image, its voxels and axes those of another."""
    size = np.asarray(moving.GetSize()) - 1
    corners = [
        moving.TransformContinuousIndexToPhysicalPoint([float(n) for n in size * [a, b, c]])
        for a in (0, 1) for b in (0, 1) for c in (0, 1)
    ]  # fmt: skip
    axes, step = np.reshape(like.GetDirection(), (3, 3)), np.asarray(like.GetSpacing())
    along = np.asarray(corners) @ axes
    low, high = along.min(axis=0), along.max(axis=0)
    grid = sitk.Image([int(n) for n in np.ceil((high - low) / step).astype(int) + 1], sitk.sitkUInt8)
    grid.SetSpacing(like.GetSpacing())
    grid.SetDirection(like.GetDirection())
    grid.SetOrigin([float(value) for value in axes @ low])
    return grid


def _around(moving: sitk.Image, fixed: sitk.Image, transform: sitk.Transform) -> sitk.Image:
    """The part of the other image that a region and a margin cover under a transform, as floats."""
    size = np.asarray(fixed.GetSize()) - 1
    reached = [
        moving.TransformPhysicalPointToContinuousIndex(
            transform.TransformPoint(fixed.TransformContinuousIndexToPhysicalPoint([float(n) for n in size * corner]))
        )
        for corner in np.ndindex(2, 2, 2)
    ]
    margin = _MARGIN_MM / np.asarray(moving.GetSpacing())
    start = np.clip(np.floor(np.min(reached, axis=0) - margin), 0, np.asarray(moving.GetSize()) - 2).astype(int)
    stop = np.clip(np.ceil(np.max(reached, axis=0) + margin) + 1, start + 2, moving.GetSize()).astype(int)
    return sitk.RegionOfInterest(moving, [int(n) for n in stop - start], [int(n) for n in start])


def _shrunk(image: sitk.Image, step_mm: float) -> sitk.Image:
    """Average over as many voxels as fit into a step."""
    factors = [max(1, int(step_mm / spacing + 1e-6)) for spacing in image.GetSpacing()]
    return sitk.Cast(sitk.BinShrink(image, factors) if max(factors) > 1 else image, sitk.sitkFloat32)


def _clipped(volume: Volume) -> sitk.Image:
    return sitk.Clamp(_as_itk(volume), lowerBound=_LOWEST_HU, upperBound=_HIGHEST_HU)


def _as_itk(volume: Volume) -> sitk.Image:
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array))
    image.SetSpacing(volume.geometry.spacing)
    image.SetOrigin(volume.geometry.origin)
    image.SetDirection(volume.geometry.direction)
    return image


def _matrix(transform: sitk.Euler3DTransform) -> Matrix:
    matrix = np.eye(4)
    matrix[:3, :3] = np.reshape(transform.GetMatrix(), (3, 3))
    matrix[:3, 3] = transform.TransformPoint((0.0, 0.0, 0.0))
    return matrix
