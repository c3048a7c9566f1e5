"""Puts the test host within reach.

The host is loaded by its path: with this folder's parent on sys.path, `import slicer` would take this folder for a part
of the `slicer` package and import every test in it.
"""

import importlib.util
import sys
from pathlib import Path

_HOST = Path(__file__).resolve().parents[1] / "slicer_host"

if "slicer_host" not in sys.modules:
    _spec = importlib.util.spec_from_file_location(
        "slicer_host", _HOST / "__init__.py", submodule_search_locations=[str(_HOST)]
    )
    sys.modules["slicer_host"] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules["slicer_host"])

from slicer_host.fixtures import (  # noqa: E402
    a_ct_node,
    a_patient,
    a_segmentation_node,
    host,
    main_window,
    packaging,
    pictures,
    qt,
    scene,
)

__all__ = [
    "a_ct_node",
    "a_patient",
    "a_segmentation_node",
    "host",
    "main_window",
    "packaging",
    "pictures",
    "qt",
    "scene",
]
