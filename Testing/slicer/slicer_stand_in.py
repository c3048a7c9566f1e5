"""A stand-in for the program Slicer, running a script without a window on the test host.

Usage:
    python slicer_stand_in.py --no-splash --no-main-window --python-script SCRIPT -- ARGUMENTS

As Slicer does, it runs the script in `__main__` with its arguments in `sys.argv`, tells of an exception and goes on,
and then waits for ever unless the script asked for an end.
"""

import importlib.util
import sys
import time
from code import InteractiveInterpreter
from pathlib import Path

_HOST = Path(__file__).resolve().parents[1] / "slicer_host"


def main() -> int:
    script, *arguments = sys.argv[sys.argv.index("--python-script") + 1 :]
    # This folder is called slicer, and may not hide the package.
    sys.path.pop(0)
    application = _start_host()
    application.has_windows = "--no-main-window" not in sys.argv
    sys.argv = [script, *arguments]
    sys.path.insert(0, str(Path(script).parent))
    text = Path(script).read_text(encoding="ascii")
    InteractiveInterpreter({"__name__": "__main__", "__file__": script}).runcode(compile(text, script, "exec"))
    while application.exit_code is None:
        time.sleep(0.05)
    return application.exit_code


def _start_host():
    spec = importlib.util.spec_from_file_location(
        "slicer_host", _HOST / "__init__.py", submodule_search_locations=[str(_HOST)]
    )
    sys.modules["slicer_host"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["slicer_host"])
    from slicer_host.host import the_host

    return the_host().app


if __name__ == "__main__":
    sys.exit(main())
