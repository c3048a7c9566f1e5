"""A simulated patient to try the module with: drawn on this computer, for no data are downloaded."""

from pathlib import Path

import slicer
from slicer.i18n import tr as _

from prognosis.errors import PrognosisError
from prognosis_slicer.lesion_risk.collaborators import Installer
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import HandTicker

_SEED = 7


def load_phantom(installer: Installer) -> tuple[slicer.vtkMRMLScalarVolumeNode, slicer.vtkMRMLSegmentationNode]:
    """Load the CT and the lesions of a simulated patient, drawn by the command line the first time.

    The files stay where Slicer keeps downloads: the header of the CT tells that it is a phantom.

    Raises:
        PrognosisError: Packages are missing, or the patient could not be drawn.
    """
    folder = Path(slicer.mrmlScene.GetCacheManager().GetRemoteCacheDirectory()) / f"prognosis-phantom-{_SEED}"
    if not folder.is_dir():
        installer.ask_and_install()
        _draw(folder)
    (patient,) = (path for path in folder.iterdir() if path.is_dir())
    image = slicer.util.loadVolume(str(patient / "image.nrrd"), {"name": _("Phantom CT")})
    file = min(patient.glob("lesions*.seg.nrrd"))
    lesions = slicer.util.loadSegmentation(str(file), {"name": _("Phantom lesions")})
    lesions.SetReferenceImageGeometryParameterFromVolumeNode(image)
    return image, lesions


def _draw(folder: Path) -> None:
    failures: list[PrognosisError] = []
    worker = LocalWorker(HandTicker())
    try:
        worker.start(
            ["phantom", "lesions", "--patients", 1, "--seed", _SEED, "--output", folder],
            lambda *_progress: None,
            lambda _finished: None,
            failures.append,
        )
        worker.wait()
    finally:
        worker.close()
    if failures:
        raise failures[0]
