"""Runs a batch script as `Slicer --no-splash --no-main-window --python-script SCRIPT -- ARGUMENTS` does.

    python Testing/slicer_host SCRIPT ARGUMENTS…

There are no windows; the process ends with the code the script gives to `slicer.util.exit`. A script that raises or
ends without one leaves Slicer waiting for ever: here it ends with 99.
"""

import importlib.util
import logging
import runpy
import sys
from pathlib import Path

_NO_EXIT = 99


def main() -> int:
    here = Path(__file__).resolve().parent
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() != here]
    spec = importlib.util.spec_from_file_location(
        "slicer_host", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    sys.modules["slicer_host"] = importlib.util.module_from_spec(spec)
    from slicer_host.host import the_host
    from slicer_host.scripted_modules import install_modules

    host = the_host()
    install_modules()
    host.app.has_windows = False
    host.app.commandOptions().noMainWindow = True
    script, *sys.argv[1:] = [argument for argument in sys.argv[1:] if argument != "--"]
    sys.argv[0] = script
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except Exception:
        logging.exception("%s: Slicer would go on waiting after this", script)
        return _NO_EXIT
    return _NO_EXIT if host.app.exit_code is None else host.app.exit_code


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.exit(code)
