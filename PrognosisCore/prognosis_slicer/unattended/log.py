"""The log of an unattended run: on Windows its only voice, for what Slicer prints goes nowhere there."""

import argparse
import contextlib
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_LOG = logging.getLogger(__package__)


@contextlib.contextmanager
def log_file(name: str, arguments: Sequence[str]) -> Iterator[None]:
    """Write what this package logs to a file, each line at once, and to the terminal.

    Args:
        name: Of the script.
        arguments: Of the script; `--log FILE` names the file, else it is DIR.log for `--output DIR`. When neither can
            be read or written it is NAME.log in the system's temporary folder.
    """
    handlers = (
        _file_handler(_wanted(arguments), Path(tempfile.gettempdir()) / f"{name}.log"),
        logging.StreamHandler(sys.stdout),
    )
    _LOG.setLevel(logging.INFO)
    _LOG.propagate = False
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        _LOG.addHandler(handler)
    try:
        _LOG.info("%s %s", name, " ".join(arguments))
        yield
    finally:
        for handler in handlers:
            _LOG.removeHandler(handler)
            handler.close()


def _wanted(arguments: Sequence[str]) -> Path | None:
    reader = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    reader.add_argument("--log", type=Path)
    reader.add_argument("--output", type=Path)
    try:
        given, _ = reader.parse_known_args(arguments)
    except argparse.ArgumentError:
        return None
    if given.log is not None or given.output is None:
        return given.log
    folder: Path = given.output.absolute()
    return folder.parent / f"{folder.name}.log"


def _file_handler(*paths: Path | None) -> logging.Handler:
    """Adds to the first file that can be written."""
    for path in paths:
        if path is not None:
            with contextlib.suppress(OSError):
                path.parent.mkdir(parents=True, exist_ok=True)
                return logging.FileHandler(path, encoding="utf-8")
    return logging.NullHandler()
