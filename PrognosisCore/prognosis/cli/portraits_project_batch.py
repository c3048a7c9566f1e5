"""Projecting as the work of a batch: photos are read one by one and projected many at once, each its own case."""

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from prognosis.batch.attempt import attempt, failed_by, ran_out_of_memory
from prognosis.batch.case import Case, Facts, Failed, Outcome
from prognosis.batch.executor import Task
from prognosis.batch.inputs import stamp_of
from prognosis.errors import InputError, ModelError, PrognosisError
from prognosis.portraits.projecting.latent_files import ProjectionRecord, write_projection
from prognosis.portraits.projecting.latent_space import LatentSpace
from prognosis.portraits.projecting.models import ProjectingModels
from prognosis.portraits.projecting.options import ProjectionOptions
from prognosis.portraits.projecting.photo_reading import ReadPhoto, ReadyPhoto, as_images
from prognosis.portraits.projecting.projector import Keeping, project
from prognosis.portraits.projecting.results import Projection
from prognosis.progress import Progress
from prognosis.provenance import now, versions

PHOTO = "photo"

_LESS_MEMORY = "Run with fewer --restarts, with --device cpu, or on a machine with more memory."


@dataclass(frozen=True)
class PhotoProjecting:
    """How photos are projected.

    Args:
        models: By what.
        space: The generator's latents.
        options: How.
        read: Reads a photo's face.
        settings: Plain values that the results depend on besides the photos.
        told_options: Those among them that each document tells.
    """

    models: ProjectingModels
    space: LatentSpace
    options: ProjectionOptions
    read: ReadPhoto
    settings: Mapping[str, object]
    told_options: Mapping[str, Any]


@dataclass(frozen=True)
class _Ready:
    task: Task
    photo: ReadyPhoto
    stamp: str


class PhotosTogether:
    """Computes cases of one photo each in this process, some at once; one bad photo is its own failure.

    Args:
        work: How.
        at_once: Photos in one search; halved where memory runs out.
        state: The file a search is kept in while it runs, so that the next run goes on there.
        numbers: Of all cases of the run in their order, those with a result too: progress counts steps of them all, so
            that its pace tells how long the whole run will take.
        progress: Told of the search.
    """

    def __init__(
        self, work: PhotoProjecting, *, at_once: int, state: Path, numbers: Sequence[int], progress: Progress
    ) -> None:
        self._work = work
        self._at_once = at_once
        self._state = state
        self._numbers = numbers
        self._progress = progress

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """There is nothing to end: no case runs on its own."""

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Yield the outcome of every task as it finishes; see `Executor.run`."""
        waiting: list[_Ready] = []
        for task in tasks:
            ready = self._read(task)
            if isinstance(ready, Failed):
                yield ready
                continue
            waiting.append(ready)
            if len(waiting) >= self._at_once:
                yield from self._projected(waiting)
                waiting = []
        if waiting:
            yield from self._projected(waiting)

    def _read(self, task: Task) -> "_Ready | Failed":
        case = task.case
        try:
            stamp = stamp_of(case, self._work.settings)
            return _Ready(task, self._work.read(case.inputs[PHOTO]), stamp)
        except (PrognosisError, OSError, MemoryError) as error:
            return replace(failed_by(error, case, task.folder), once_more=False)

    def _projected(self, ready: list[_Ready]) -> Iterator[Outcome]:
        """Project photos together; where that fails, the halves apart, so that in the end one photo fails alone."""
        found = self._found(ready)
        if not isinstance(found, list):
            if len(ready) == 1:
                failed = replace(failed_by(found, ready[0].task.case, ready[0].task.folder), once_more=False)
                yield replace(failed, remedy=_LESS_MEMORY) if ran_out_of_memory(found) else failed
                return
            half = len(ready) // 2
            if not isinstance(found, ModelError):
                self._at_once = half
            yield from self._projected(ready[:half])
            yield from self._projected(ready[half:])
            return
        for one, projection in zip(ready, found, strict=True):
            yield self._written(one, projection)

    def _found(self, ready: list[_Ready]) -> list[Projection] | RuntimeError | MemoryError | ModelError:
        first, last = (bisect(self._numbers, one.task.case.number) for one in (ready[0], ready[-1]))
        photos = as_images(np.stack([one.photo.pixels for one in ready]))

        def told(step: str, done: int, total: int) -> None:
            self._progress("search steps", (first - 1) * total + done * (last - first + 1), len(self._numbers) * total)

        models, options = self._work.models, self._work.options
        try:
            return project(
                photos,
                models.generator,
                models.features,
                options,
                identity=models.identity,
                start=models.guess(photos, options.space),
                space=self._work.space,
                keeping=Keeping(self._state, repr(sorted(self._work.settings.items()))),
                progress=told,
            )
        except (RuntimeError, MemoryError, ModelError) as error:
            return error.with_traceback(None)  # its frames would hold on to the memory that was too little

    def _written(self, one: _Ready, projection: Projection) -> Outcome:
        def write(case: Case, folder: Path) -> Facts:
            if stamp_of(case, self._work.settings) != one.stamp:
                raise InputError("Its file changed while it was projected.", remedy="Run the same command again.")
            about = {"versions": versions(), "created": now()}
            options = self._work.told_options
            return facts_of(
                write_projection(folder, projection, one.photo.known, self._work.models.used, options, about)
            )

        return attempt(one.task.case, one.task.folder, self._work.settings, write)


def facts_of(record: ProjectionRecord) -> Facts:
    """What the summary tells of a photo."""
    distances = record.distances
    return {
        "perceptual": distances.perceptual,
        "pixel": distances.pixel,
        "identity": distances.identity,
        "latent_spread": record.restarts.latent_spread,
        "steps": record.steps,
        "warnings": "; ".join((*record.photo.flags, *record.photo.notes)),
    }
