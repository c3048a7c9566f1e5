"""Whether coordinates of two DICOM objects mean the same place."""

from pathlib import Path

from prognosis.errors import InputError
from prognosis.imaging.volume import Volume


def check_same_frame(frame_of_reference_uid: str | None, image: Volume, path: Path) -> None:
    """Refuse lesions of another frame of reference than the image's; where either does not tell, nothing is known.

    Raises:
        InputError: Both tell, and they differ.
    """
    ours = image.frame_of_reference_uid
    if frame_of_reference_uid and ours and frame_of_reference_uid != ours:
        raise InputError(
            f"{path} belongs to frame of reference {frame_of_reference_uid}, the image to {ours}.",
            remedy="Give the image the lesions were drawn on, or register the two first.",
        )
