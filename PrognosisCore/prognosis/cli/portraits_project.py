"""`prognosis portraits project`: photos in, latents of a generator out."""

import argparse
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prognosis.cli.cohort_arguments import clock_time, count
from prognosis.cli.cohort_run import CohortRun, Room, clear_former, run_cohort, tell_end, working_hours
from prognosis.cli.console import Console
from prognosis.cli.options import Verbs, add_config, add_output, add_verb, input_path
from prognosis.cli.portraits_align_files import ROWS, aligned_photos, warn_of_rows, write_photo_names
from prognosis.config import as_plain, resolve
from prognosis.errors import UsageError
from prognosis.files import sha256_of
from prognosis.portraits.faces.landmark_files import SHIPPED, check_landmark_file, load_dlib
from prognosis.portraits.faces.options import AlignOptions, FaceChoice
from prognosis.portraits.projecting.options import GuessedStart, Precision, ProjectionOptions, Space

if TYPE_CHECKING:
    from prognosis.batch.case import Case
    from prognosis.batch.executor import Executor
    from prognosis.cli.portraits_project_batch import PhotoProjecting
    from prognosis.portraits.projecting.photo_reading import ReadPhoto
    from prognosis.report.batch_summary import BatchSummary

_KIND = "portraits project"
_STATE = ".search"
_FLAGS = ("space", "steps", "restarts", "pixel_weight", "noise_maps", "seed", "precision", "patience")
_MEAN, _ENCODER = "mean", "encoder"
_MOST_AT_ONCE, _PIXELS_AT_ONCE = 64, 64 * 256**2
_RESULT_BYTES, _STATE_BYTES = 200_000, 200_000_000


def add_to(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    parser = add_verb(
        verbs,
        "project",
        common,
        summary="find the latents of faces in photos: what a generator must be fed with to draw them",
        example="prognosis portraits project photos/ --model my-generator --output latents",
    )
    parser.add_argument(
        "photos", type=input_path, nargs="+", metavar="PHOTOS", help="photos, and folders whose photos are all taken"
    )
    add_output(parser, "folder for latents, projections.csv and overview.png; a former run there goes on")
    parser.add_argument(
        "--model", metavar="M", help="name or folder of a generator (default: yours, else the demonstration)"
    )
    _add_photos(parser.add_argument_group("photos"))
    _add_search(parser.add_argument_group("search"))
    _add_how_it_runs(parser.add_argument_group("many photos"))
    parser.set_defaults(run=_run, workers=1)


def _add_photos(group: Any) -> None:
    group.add_argument(
        "--aligned", action="store_true", help="the photos are square pictures of faces aligned already: find no face"
    )
    group.add_argument(
        "--face", type=_face, metavar="F", help="which face of a photo: largest (default), or 2 for the second largest"
    )
    group.add_argument(
        "--landmarks",
        type=input_path,
        metavar="FILE",
        help="your landmark model in dlib's format, from a source you trust (default: the shipped one of 5 points)",
    )
    group.add_argument(
        "--photo-names",
        type=Path,
        metavar="FILE",
        help="also write a CSV, outside the output, that says which row is which photo; their names may name people",
    )


def _add_search(group: Any) -> None:
    group.add_argument(
        "--space", type=Space, choices=list(Space), metavar="S", help="z (default: the one risks are read from), w, w+"
    )
    group.add_argument(
        "--start",
        choices=(_MEAN, _ENCODER),
        default=_MEAN,
        help="where a search starts: the mean latent (default), or the guess of the model's encoder, then few steps do",
    )
    group.add_argument("--steps", type=int, metavar="N", help="steps (default 1000; 100 from the encoder)")
    group.add_argument("--restarts", type=int, metavar="N", help="searches a photo, the best is taken (default 1)")
    group.add_argument(
        "--patience", type=int, metavar="N", help="steps without progress that end a search; 0 never (default 100; 25)"
    )
    group.add_argument(
        "--features",
        metavar="M",
        help="name or folder of a VGG16 to compare faces by (default: the generator's discriminator, which is no "
        "validated measure)",
    )
    group.add_argument(
        "--identity",
        type=input_path,
        metavar="FILE",
        help="dlib's face recognition network, from a source you trust, to tell persons apart (default: the network "
        "that faces are compared by, which is no validated measure)",
    )
    group.add_argument("--pixel-weight", type=float, metavar="W", help="weight of pixels in the loss (default 0.1)")
    group.add_argument(
        "--noise-maps", action="store_true", default=None, help="fit noise too; the latent then lacks part of the face"
    )
    group.add_argument("--seed", type=int, metavar="S", help="seed of starts and noise (default 0)")
    add_config(group, ProjectionOptions)


def _add_how_it_runs(group: Any) -> None:
    group.add_argument(
        "--at-once", type=count, metavar="N", help="photos searched together (default: 64, fewer of large images)"
    )
    group.add_argument(
        "--part",
        type=_parts,
        default=(1, 1),
        metavar="K/N",
        help="only every Nth photo from the Kth on, for one of N machines or graphics processors; each needs its own "
        "output, and rows keep their numbers",
    )
    group.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda (default auto)")
    group.add_argument(
        "--precision", type=Precision, choices=list(Precision), metavar="P", help="float32 (default) or bfloat16"
    )
    group.add_argument(
        "--until",
        type=clock_time,
        metavar="HH:MM",
        help="start no photo after that; the next run goes on from there",
    )


def _run(arguments: argparse.Namespace, console: Console) -> int:
    from prognosis.batch.case import Case
    from prognosis.cli.portraits_project_batch import PHOTO
    from prognosis.cli.portraits_project_files import OVERVIEW, TABLE, is_former, publish
    from prognosis.portraits.faces.photo_list import list_photos
    from prognosis.portraits.projecting.latent_files import CONSENT, IDENTIFIABLE
    from prognosis.report.wording import DEMONSTRATION, NO_FINDING_OF_A_DEMONSTRATION

    may_start = working_hours(arguments, console)
    console.say(f"{CONSENT} {IDENTIFIABLE}")
    _require_no_choice_of_face(arguments)
    kind = GuessedStart if arguments.start == _ENCODER else ProjectionOptions
    options = resolve(kind, arguments.config, {name: getattr(arguments, name) for name in _FLAGS})
    output = arguments.output.absolute()
    listed = aligned_photos if arguments.aligned else list_photos
    photos = listed(arguments.photos, leave_out=output)
    if arguments.photo_names is not None:
        write_photo_names(arguments.photo_names, photos, output, overwrite=arguments.overwrite)
    work = _work(arguments, options)
    cases = [
        Case(number, {PHOTO: photo.absolute()}, private=(photo.stem,)) for number, photo in enumerate(photos, start=1)
    ]
    chosen = _part(cases, arguments.part)
    run = CohortRun(
        _KIND,
        "projecting",
        output,
        work.settings,
        _together(arguments, work, output / _STATE, [case.number for case in chosen], console),
        Room(_RESULT_BYTES, _STATE_BYTES),
        _summary(work),
    )
    clear_former(output, kind=_KIND, is_former=is_former)
    with run_cohort(run, chosen, arguments, console, may_start) as ran:
        if not ran.ledger.waiting:
            shutil.rmtree(output / _STATE, ignore_errors=True)
        warn_of_rows(publish(ran, work.models.used), output / TABLE, console)
        if work.models.used.demonstration:
            console.warn(f"{DEMONSTRATION}. {NO_FINDING_OF_A_DEMONSTRATION}")
        if not work.models.features.validated:
            console.warn(f"Faces are compared by {work.models.features.name}, which is not a validated measure.")
        if not work.models.identity.validated:
            console.warn(f"Persons are compared by {work.models.identity.name}.")
        made = [output / name for name in (TABLE, OVERVIEW) if (output / name).exists()]
        console.say(f"Projections: {', '.join(map(str, made))}")
        if len(photos) > 1 and arguments.photo_names is None:
            console.say(ROWS)
        more = {"table": str(output / TABLE), "model": work.models.used.name}
        return tell_end(ran, console, {**more, "demonstration": work.models.used.demonstration})


def _together(
    arguments: argparse.Namespace, work: "PhotoProjecting", state: Path, numbers: Sequence[int], console: Console
) -> "Callable[[int], Executor]":
    """Photos are searched side by side in this process, however many workers are asked for."""

    def together(workers: int) -> "Executor":
        from prognosis.cli.portraits_project_batch import PhotosTogether

        return PhotosTogether(
            work,
            at_once=arguments.at_once or _sensible_at_once(work),
            state=state / "search.safetensors",
            numbers=numbers,
            progress=console.progress,
        )

    return together


def _part(cases: "Sequence[Case]", part: tuple[int, int]) -> "Sequence[Case]":
    which, parts = part
    return [case for case in cases if (case.number - 1) % parts == which - 1]


def _work(arguments: argparse.Namespace, options: ProjectionOptions) -> "PhotoProjecting":
    """Everything photos are projected by, loaded, and what the results depend on."""
    from prognosis.cli.portraits_project_batch import PhotoProjecting
    from prognosis.portraits.projecting.models import find_features, find_generator, load_models
    from prognosis.training.device import choose_device

    device = choose_device(arguments.device)
    generator = find_generator(arguments.model)
    features = None if arguments.features is None else find_features(arguments.features)
    with_encoder = arguments.start == _ENCODER
    models = load_models(generator, features, arguments.identity, with_encoder=with_encoder, device=device)
    read, reading = _reading(arguments, models.generator.options.resolution)
    settings = {
        "kind": _KIND,
        "model": generator.sha256,
        "features": None if features is None else features.sha256,
        "identity": None if arguments.identity is None else sha256_of(arguments.identity),
        "start": arguments.start,
        **as_plain(options),
        **reading,
    }
    told = {"start": arguments.start, **as_plain(options), **reading}
    return PhotoProjecting(models, models.space(options.space), options, read, settings, told)


def _reading(arguments: argparse.Namespace, side: int) -> "tuple[ReadPhoto, dict[str, object]]":
    """How photos are read, and what that depends on."""
    from PIL import __version__ as pillow

    from prognosis.portraits.projecting.photo_reading import already_aligned, by_aligning

    if arguments.aligned:
        return already_aligned(side), {"aligned": True, "pillow": pillow}
    from prognosis.portraits.faces.aligner import Aligner

    choice, landmarks = arguments.face or FaceChoice(), arguments.landmarks or SHIPPED
    aligner = Aligner(AlignOptions(side, choice, landmarks))
    hashed = check_landmark_file(landmarks)
    depends = {"face": str(choice), "landmarks": hashed, "dlib": str(load_dlib().__version__), "pillow": pillow}
    return by_aligning(aligner), {"aligned": False, **depends}


def _summary(work: "PhotoProjecting") -> "BatchSummary":
    from prognosis.portraits.comparing.features import as_told
    from prognosis.report.batch_summary import BatchSummary, Column

    used, features, identity = work.models.used, work.models.features, work.models.identity
    by = as_told(features.name, validated=features.validated)
    return BatchSummary(
        title="Latents of faces in photos",
        columns=(
            Column("perceptual", "Perceptual distance", decimals=4),
            Column("pixel", "Pixel distance", decimals=4),
            Column("identity", "Identity distance", decimals=4),
            Column("latent_spread", "Spread over restarts", decimals=2),
            Column("steps", "Steps"),
        ),
        model=f"{used.name} {used.version}; faces compared by {by}; persons compared by {identity.name}",
        demonstration=used.demonstration,
        report=None,
        rows=ROWS,
    )


def _sensible_at_once(work: "PhotoProjecting") -> int:
    side = work.models.generator.options.resolution
    return max(1, min(_MOST_AT_ONCE, _PIXELS_AT_ONCE // side**2) // work.options.restarts)


def _require_no_choice_of_face(arguments: argparse.Namespace) -> None:
    given = [flag for flag in ("face", "landmarks") if getattr(arguments, flag) is not None]
    if arguments.aligned and given:
        raise UsageError(
            f"--{given[0]} says how faces are found, and --aligned that none is.", remedy="Leave one of them out."
        )


def _face(text: str) -> FaceChoice:
    try:
        choice = FaceChoice.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is neither largest nor a number from 1") from error
    if choice.number is None:
        raise argparse.ArgumentTypeError("one face of a photo is projected, not all: align them first")
    return choice


def _parts(text: str) -> tuple[int, int]:
    which, _, parts = text.partition("/")
    if not (which.isascii() and which.isdigit() and parts.isascii() and parts.isdigit()):
        raise argparse.ArgumentTypeError(f"'{text}' is no part such as 1/8")
    if not 1 <= int(which) <= int(parts):
        raise argparse.ArgumentTypeError(f"there is no part {which} of {parts}")
    return int(which), int(parts)
