"""What the file of a node says of it that the scene does not keep."""

from collections.abc import Mapping
from pathlib import Path

import SimpleITK as sitk
import slicer

from prognosis.imaging.scalar.files import image_suffix

_WITH_HEADERS = (".nrrd", ".nhdr", ".mha", ".mhd")


def header_of_unchanged(node: slicer.vtkMRMLStorableNode) -> Mapping[str, str]:
    """The header of the NRRD or MetaImage file a volume was read from; nothing once the volume was changed."""
    storage = node.GetStorageNode()
    if storage is None or not storage.GetFileName() or node.GetModifiedSinceRead():
        return {}
    path = Path(storage.GetFullNameFromFileName())
    if image_suffix(path) not in _WITH_HEADERS or not path.is_file():
        return {}
    return _fields(path)


def _fields(path: Path) -> Mapping[str, str]:
    reader = sitk.ImageFileReader()
    reader.SetFileName(str(path))
    shown = sitk.ProcessObject.GetGlobalWarningDisplay()
    sitk.ProcessObject.SetGlobalWarningDisplay(False)
    try:
        reader.ReadImageInformation()
    except RuntimeError:
        # Another file has come to lie there since; the voxels are in the scene all the same.
        return {}
    finally:
        sitk.ProcessObject.SetGlobalWarningDisplay(shown)
    return {key: reader.GetMetaData(key) for key in reader.GetMetaDataKeys()}
