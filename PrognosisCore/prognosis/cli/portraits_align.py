"""`prognosis portraits align`: photos in, aligned faces out."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from prognosis.cli.cohort_arguments import add_how_it_runs
from prognosis.cli.cohort_run import CohortRun, Room, clear_former, in_processes, run_cohort, tell_end, working_hours
from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_output, add_verb, input_path
from prognosis.cli.portraits_align_files import ROWS, is_former, publish, warn_of_rows, write_photo_names
from prognosis.errors import ModelError
from prognosis.portraits.faces.landmark_files import SHIPPED, check_landmark_file, load_dlib
from prognosis.portraits.faces.options import LEAST_SIZE, MOST_SIZE, AlignOptions, FaceChoice

if TYPE_CHECKING:
    from prognosis.batch.case import Case, Compute, Facts
    from prognosis.portraits.faces.aligned_files import PhotoRecord
    from prognosis.report.batch_summary import BatchSummary

CONSENT = "Use photos only with consent; nothing leaves this machine; aligned faces identify people."

_KIND = "portraits align"
_WORKER_BYTES = 30_000_000
_PHOTO = "photo"


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "align",
        common,
        summary="find the faces of photos and cut them out upright and centred",
        example="prognosis portraits align photos/ --output aligned",
    )
    parser.add_argument(
        "photos", type=input_path, nargs="+", metavar="PHOTOS", help="photos, and folders whose photos are all taken"
    )
    add_output(parser, "folder for faces, faces.csv and overview.png; a former run there goes on")
    parser.add_argument(
        "--size",
        type=_size,
        default=512,
        metavar="PX",
        help=f"side of a face, {LEAST_SIZE} to {MOST_SIZE} (default 512)",
    )
    parser.add_argument(
        "--landmarks",
        type=input_path,
        default=SHIPPED,
        metavar="FILE",
        help="your landmark model in dlib's format, from a source you trust, such as the one of 68 points (default: "
        "the shipped one of 5)",
    )
    parser.add_argument(
        "--face",
        type=_face,
        default=FaceChoice(),
        metavar="F",
        help="largest (default), all, or 2 for the second largest",
    )
    parser.add_argument(
        "--photo-names",
        type=Path,
        metavar="FILE",
        help="also write a CSV, outside the output, that says which row is which photo; their names may name people",
    )
    add_how_it_runs(parser.add_argument_group("many photos"))
    parser.set_defaults(run=_run)


@dataclass(frozen=True)
class FaceAligning:
    """Aligning as the work of a batch.

    Args:
        options: How faces are aligned.
        sha256: The landmark model's hash when the run began.
        libraries: Versions of what touches the pixels.
    """

    options: AlignOptions
    sha256: str
    libraries: Mapping[str, str]

    @property
    def settings(self) -> Mapping[str, object]:
        from prognosis.portraits.faces.aligned_files import MEASURES

        return {
            "kind": _KIND,
            "size": self.options.size,
            "face": str(self.options.choice),
            "landmarks": self.sha256,
            "measures": MEASURES,
            **self.libraries,
        }

    def prepare(self) -> "Compute":
        """Load the landmark models.

        Raises:
            ModelError: One cannot be used, or is another than when the run began.
        """
        from prognosis.portraits.faces.aligned_files import write_aligned
        from prognosis.portraits.faces.aligner import Aligner
        from prognosis.portraits.faces.photo import read_photo

        aligner = Aligner(self.options)
        if aligner.landmarks.sha256 != self.sha256:
            raise ModelError("The landmark model changed while the run began.", remedy="Run the same command again.")

        def align(case: "Case", folder: Path) -> "Facts":
            photo = read_photo(case.inputs[_PHOTO])
            return _facts(write_aligned(folder, photo, aligner.align(photo)))

        return align


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.batch.case import Case
    from prognosis.portraits.faces.photo_list import list_photos

    may_start = working_hours(arguments, console)
    console.say(CONSENT)
    output = arguments.output.absolute()
    photos = list_photos(arguments.photos, leave_out=output)
    if arguments.photo_names is not None:
        write_photo_names(arguments.photo_names, photos, output, overwrite=arguments.overwrite)
    options = AlignOptions(arguments.size, arguments.face, arguments.landmarks)
    work = FaceAligning(options, check_landmark_file(options.landmarks), _libraries())
    cases = [
        Case(number, {_PHOTO: photo.absolute()}, private=(photo.stem,)) for number, photo in enumerate(photos, start=1)
    ]
    clear_former(output, kind=_KIND, is_former=is_former)
    run = CohortRun(
        _KIND, "aligning", output, work.settings, in_processes(work, arguments), _room(options), _summary(options)
    )
    with run_cohort(run, cases, arguments, console, may_start) as ran:
        published = publish(ran)
        console.say(f"Faces: {published.faces} ({output / published.table}, {output / published.overview})")
        warn_of_rows(published.flagged, output / published.table, console)
        if len(photos) > 1 and arguments.photo_names is None:
            console.say(ROWS)
        more = {"faces": published.faces, "table": str(output / published.table)}
        return tell_end(ran, console, more)


def _libraries() -> dict[str, str]:
    from PIL import __version__ as pillow

    return {"dlib": str(load_dlib().__version__), "pillow": pillow}


def _room(options: AlignOptions) -> Room:
    return Room(result_bytes=3 * options.size**2, worker_bytes=_WORKER_BYTES)


def _facts(record: "PhotoRecord") -> "Facts":
    first = record.faces[0]
    flags = dict.fromkeys(flag for face in record.faces for flag in face.flags)
    return {
        "found": record.found,
        "aligned": len(record.faces),
        "eye_distance_px": first.measures["eye_distance_px"],
        "yaw_deg": first.measures["yaw_deg"],
        "sharpness": first.measures["sharpness"],
        "warnings": "; ".join((*flags, *record.notes)),
    }


def _summary(options: AlignOptions) -> "BatchSummary":
    from prognosis.report.batch_summary import BatchSummary, Column

    return BatchSummary(
        title="Aligned faces of photos",
        columns=(
            Column("found", "Faces found"),
            Column("aligned", "Aligned"),
            Column("eye_distance_px", "Eye distance, px"),
            Column("yaw_deg", "Yaw, degrees (estimate)"),
            Column("sharpness", "Sharpness", decimals=1),
        ),
        model="shipped landmarks" if options.landmarks == SHIPPED else "landmarks of the user",
        demonstration=False,
        report=None,
        rows=ROWS,
    )


def _size(text: str) -> int:
    if not (text.isascii() and text.isdigit() and LEAST_SIZE <= int(text) <= MOST_SIZE):
        raise argparse.ArgumentTypeError(f"'{text}' is no size of {LEAST_SIZE} to {MOST_SIZE} pixels")
    return int(text)


def _face(text: str) -> FaceChoice:
    try:
        return FaceChoice.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is neither largest nor all nor a number from 1") from error
