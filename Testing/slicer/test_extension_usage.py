"""Names of Slicer, Qt and VTK that exist, and nothing imported that Slicer does not bring."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_CHECKER = _ROOT.parent / "shared" / "slicer-api" / "check_slicer_usage.py"
_MODULE_FILES = (_ROOT / "PrognosisCore/PrognosisCore.py", _ROOT / "SurvivalLesionRisk/SurvivalLesionRisk.py")
_SLICERS_OWN = {"numpy", "scipy", "SimpleITK", "vtk", "slicer", "qt", "ctk"}


@pytest.mark.skipif(not _CHECKER.is_file(), reason="the checker of Slicer's names is not there")
def test_every_name_of_slicer_exists():
    checked = subprocess.run(
        [sys.executable, _CHECKER, "PrognosisCore", "SurvivalLesionRisk"],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout
    assert " 0 error(s)" in checked.stdout + checked.stderr


@pytest.mark.parametrize("file", _MODULE_FILES, ids=lambda file: file.stem)
def test_a_module_file_is_a_thin_door(file):
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 200
    named = [
        name.partition(".")[0]
        for node in ast.parse(text).body
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    ]
    others = {name for name in named if name not in sys.stdlib_module_names and name not in _SLICERS_OWN}
    assert others <= {"prognosis", "prognosis_slicer"}
