import json
import shutil

import pytest

from prognosis.cli.main import main
from prognosis.phantoms.lesions import LesionPhantomOptions, write_cohort


@pytest.fixture(scope="session")
def phantom_cohort(tmp_path_factory):
    """Two small simulated patients on disk."""
    folder = tmp_path_factory.mktemp("phantom")
    options = LesionPhantomOptions(patients=2, seed=3, size=(144, 112, 60), spacing=(2.5, 2.5, 5.0), median_lesions=4)
    write_cohort(options, folder)
    return folder


@pytest.fixture(scope="session")
def phantom_patient(phantom_cohort):
    """Image and lesions of one simulated patient."""
    folder = min(path for path in phantom_cohort.iterdir() if path.is_dir())
    return folder / "image.nrrd", min(folder.glob("lesions*.seg.nrrd"))


@pytest.fixture
def prognosis(capsys):
    """Run a command; returns its exit code, standard output and standard error."""

    def prognosis(*arguments):
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return prognosis


@pytest.fixture
def score_json(prognosis, tmp_path):
    """Score into a fresh folder; returns the folder and patient.json."""

    def score_json(image, lesions, *more):
        output = tmp_path / "scored"
        shutil.rmtree(output, ignore_errors=True)
        code, _, err = prognosis("lesions", "score", "--image", image, "--lesions", lesions, "--output", output, *more)
        assert code == 0, err
        return output, json.loads((output / "patient.json").read_text(encoding="utf-8"))

    return score_json
