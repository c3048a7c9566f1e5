"""The command `prognosis`."""

import argparse
import logging
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

from prognosis._version import __version__
from prognosis.cli import (
    biomarkers_extract,
    biomarkers_fit,
    biomarkers_followup,
    biomarkers_maximize,
    biomarkers_score,
    biomarkers_select,
    biomarkers_train,
    cohort,
    convert,
    demo,
    doctor,
    lesions_score,
    lesions_train,
    models,
    phantom,
    portraits_align,
    portraits_finetune,
    portraits_project,
    portraits_train_encoder,
    serve,
    survival_evaluate,
    version,
)
from prognosis.cli.console import Console
from prognosis.errors import CancelledError, PrognosisError, UsageError

_NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."
_CANCELLING = (signal.SIGINT, signal.SIGTERM)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 when all went well, 1 when a case failed, 2 on wrong use, 130 when cancelled.
    """
    with _interruptible(restore=arguments is not None):
        return _run(arguments)


def _run(arguments: Sequence[str] | None) -> int:
    parsed = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("prognosis").setLevel(logging.INFO)
    with Console.of(parsed) as console:
        try:
            return int(parsed.run(parsed, console))
        except UsageError as error:
            console.fail(error.what, error.remedy)
            return 2
        except (KeyboardInterrupt, CancelledError):
            console.fail(
                "Cancelled.", "Nothing was left half written; the same command keeps what is done, or begins again."
            )
            return 130
        except PrognosisError as error:
            console.fail(error.what, error.remedy)
            return 1
        except OSError as error:
            console.fail(f"{error.filename or 'A file'}: {error.strerror}.", "Nothing was left half written.")
            return 1
        except (MemoryError, RuntimeError) as error:
            from prognosis.batch.attempt import ran_out_of_memory

            if not ran_out_of_memory(error):
                raise
            console.fail(
                "Memory ran out.",
                "Run the same command with less at once, such as a smaller --batch, or on a machine with more memory.",
            )
            return 1


@contextmanager
def _interruptible(*, restore: bool) -> Iterator[None]:
    """Let SIGINT and SIGTERM cancel the command, once: what follows while it tidies up is ignored.

    Args:
        restore: Whether this process goes on afterwards, and listens to signals as before.
    """
    before = {number: signal.getsignal(number) for number in _CANCELLING}
    for number, handler in before.items():
        if number != signal.SIGINT or handler is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            if restore and handler is not None:
                signal.signal(number, handler)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in _CANCELLING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _parser() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print the result as JSON on standard output")
    common.add_argument("--progress", choices=("auto", "json"), default="auto", help="json: one JSON object a line")
    parser = argparse.ArgumentParser(
        prog="prognosis", description=f"Read a cancer patient's prognosis from images, and show why. {_NOTICE}"
    )
    parser.add_argument("--version", action="version", version=f"prognosis {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    demo.add_to(verbs, common)
    doctor.add_to(verbs, common)
    version.add_to(verbs, common)
    convert.add_to(verbs, common)
    cohort.add_to(verbs, common)
    phantom.add_to(verbs, common)
    lesions = verbs.add_parser("lesions", help="risk of CT lesions, summed to the patient's")
    lesion_verbs = lesions.add_subparsers(title="commands", metavar="COMMAND", required=True)
    lesions_score.add_to(lesion_verbs, common)
    lesions_train.add_to(lesion_verbs, common)
    biomarkers = verbs.add_parser("biomarkers", help="probabilities of death from a PET/CT's tumour networks")
    biomarker_verbs = biomarkers.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in (
        biomarkers_train,
        biomarkers_extract,
        biomarkers_select,
        biomarkers_fit,
        biomarkers_score,
        biomarkers_maximize,
        biomarkers_followup,
    ):
        verb.add_to(biomarker_verbs, common)
    portraits = verbs.add_parser(
        "portraits", help="faces in photos: aligning them, generators of faces, and back to latents"
    )
    portrait_verbs = portraits.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for verb in (portraits_align, portraits_finetune, portraits_train_encoder, portraits_project):
        verb.add_to(portrait_verbs, common)
    survival = verbs.add_parser("survival", help="what covariates say of survival")
    survival_evaluate.add_to(survival.add_subparsers(title="commands", metavar="COMMAND", required=True), common)
    models.add_to(verbs, common)
    serve.add_to(verbs, common)
    return parser
