"""What `lesions score` is asked; light to import, for a run over a cohort computes elsewhere."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prognosis.engines.engine import Engine
from prognosis.errors import UsageError
from prognosis.imaging.lesion_choice import LesionChoice

LARGEST_RESULT_BYTES = 100_000_000


@dataclass(frozen=True)
class ScoreRequest:
    """What is scored, by which model, and how it is shown.

    Args:
        image: A CT file or DICOM folder.
        lesions: Its segmentation.
        organs: A segmentation of organs, or None.
        series: Which series of a folder that holds several.
        resample_uneven: Accept uneven slice distances and resample.
        choice: Which segments are lesions.
        model: Name or folder of a model; None takes the default.
        engine: What computes the network.
        show_demonstration_numbers: Show percentiles and curves of a demonstration model.
    """

    image: Path
    lesions: Path
    organs: Path | None = None
    series: str | None = None
    resample_uneven: bool = False
    choice: LesionChoice = field(default_factory=LesionChoice)
    model: str | None = None
    engine: Engine = Engine.AUTO
    show_demonstration_numbers: bool = False

    @property
    def files(self) -> tuple[Path, ...]:
        """What is read."""
        return tuple(path for path in (self.image, self.lesions, self.organs) if path is not None)


def require_apart(path: Path, output: Path) -> None:
    """Refuse to replace a folder that holds what is to be read."""
    if lies_in(path, output):
        raise UsageError(f"{path} lies in the output folder {output}.", remedy="Choose another --output.")


def lies_in(path: Path, folder: Path) -> bool:
    """Whether a path leads into a folder, links followed as far as they lead."""
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def options_document(request: ScoreRequest) -> dict[str, Any]:
    """What was asked for besides the files, so that the same can be asked again."""
    return {
        "series": request.series,
        "resample_uneven": request.resample_uneven,
        "lesion_names": list(request.choice.names),
        "lesion_labels": list(request.choice.labels),
        "split_components": request.choice.split_components,
        "min_volume_mm3": request.choice.min_volume_mm3,
        "show_demonstration_numbers": request.show_demonstration_numbers,
    }
