"""An image with its geometry."""

from dataclasses import dataclass, replace

from numpy.typing import NDArray

from prognosis.imaging.geometry import Geometry


@dataclass(frozen=True)
class Volume:
    """Voxel values and where they lie.

    Args:
        array: Values indexed [k, j, i]; Hounsfield units for CT.
        geometry: The lattice the array lies on.
        modality: DICOM modality ('CT', 'PT', ...) where the source tells, else None.
        frame_of_reference_uid: DICOM frame of reference where the source tells, else None.
        series_uid: DICOM series the values come from, else None.
        phantom: The phantom that made the image, as its header says; None for a patient's image.
        notes: What was done or found while reading, in words for the user.
    """

    array: NDArray
    geometry: Geometry
    modality: str | None = None
    frame_of_reference_uid: str | None = None
    series_uid: str | None = None
    phantom: str | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.array.shape != self.geometry.shape:
            msg = f"array of shape {self.array.shape} does not fit a geometry of shape {self.geometry.shape}"
            raise ValueError(msg)

    def to_lps(self) -> "Volume":
        """Permute and flip axes to the nearest LPS orientation: a view, no value changes."""
        geometry, sources, flips = self.geometry.reoriented_to_lps()
        array = self.array.transpose([2 - sources[2 - axis] for axis in range(3)])
        array = array[tuple(slice(None, None, -1 if flips[2 - axis] else 1) for axis in range(3))]
        return replace(self, array=array, geometry=geometry)

    def with_notes(self, *notes: str) -> "Volume":
        return replace(self, notes=(*self.notes, *notes))
