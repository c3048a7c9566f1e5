"""Exceptions raised in slots: Qt goes on after them, so a test has to ask."""

import sys
import traceback

errors: list[str] = []


def catch() -> None:
    """Keep the traceback of whatever a slot raises; without a hook PyQt5 would end the process."""
    previous = sys.excepthook

    def keep(kind, value, trace):
        errors.append("".join(traceback.format_exception(kind, value, trace)))
        previous(kind, value, trace)

    sys.excepthook = keep
