import json
import subprocess
import sys

import pytest

_ONLY_FOR_FITTING = ("numba", "pycox", "torchtuples", "lifelines", "pandas", "sklearn", "statsmodels")


def modules_after(code):
    """Names of all modules a fresh interpreter holds after running `code`."""
    script = f"{code}\nimport json, sys\nprint(json.dumps(list(sys.modules)))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    "code",
    [
        pytest.param("import prognosis.cli.main, prognosis.cli.scoring", id="scoring a patient"),
        pytest.param("import prognosis.survival.metrics.concordance", id="importing concordance"),
    ],
)
def test_nothing_that_only_fitting_needs_is_imported(code):
    assert not modules_after(code) & set(_ONLY_FOR_FITTING)


def test_the_first_concordance_compiles_without_a_word_and_writes_nothing(tmp_path):
    modules = modules_after(
        "import os\n"
        f"os.environ['NUMBA_CACHE_DIR'] = {str(tmp_path)!r}\n"
        "from prognosis.survival.metrics.concordance import concordance_index\n"
        "assert concordance_index([2, 1], [1, 2], [1, 1]) == 1.0"
    )
    assert "numba" in modules
    assert not list(tmp_path.iterdir())
