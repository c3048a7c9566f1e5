"""Scripts run on the test host as under `Slicer --no-main-window --python-script`."""

import subprocess
import sys
from pathlib import Path

import pytest

HOST = Path(__file__).resolve().parents[1] / "slicer_host"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("import slicer, sys; assert slicer.app.layoutManager() is None; slicer.util.exit(len(sys.argv))", 3),
        ("import slicer; slicer.mrmlScene.AddNewNodeByClass('vtkMRMLTableNode')", 99),
        ("1 / 0", 99),
    ],
    ids=["arguments and no layout manager", "no exit at all", "an exception"],
)
def test_a_script_ends_with_its_code(tmp_path, script, code):
    file = tmp_path / "script.py"
    file.write_text(script)
    ended = subprocess.run([sys.executable, str(HOST), str(file), "--", "a", "b"], capture_output=True, text=True)
    assert ended.returncode == code, ended.stderr
    assert "Fatal" not in ended.stderr
