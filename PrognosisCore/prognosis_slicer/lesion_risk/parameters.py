"""What the module remembers in the scene."""

from typing import Annotated

from slicer import vtkMRMLScalarVolumeNode, vtkMRMLSegmentationNode
from slicer.parameterNodeWrapper import Default, WithinRange, parameterNodeWrapper


@parameterNodeWrapper
class LesionRiskParameters:
    """The user's choices; widgets whose property 'SlicerParameterName' names one of them follow it.

    Args:
        image: The CT.
        lesions: The segmentation that holds the lesions.
        organs: Segmented organs, or None.
        ticks: Segment ID -> whether it is a lesion to be scored, for those the user decided on.
        ticks_of: The segmentation these ticks belong to.
        split_islands: Whether each island becomes a lesion of its own.
        smallest_island_mm3: Smaller islands are left out when splitting.
        model: Name or folder of a model; empty for the default.
        show_demonstration_numbers: Whether percentiles and curves of a demonstration model are asked for.
        colour_by_contribution: Whether colours stand for r x s instead of r.
        show_label_map: Whether slices show lesions filled with colour.
        opacity: Of that colour.
        legend: Whether the legend is shown.
        least_percentile: Lesions below are hidden.
    """

    image: vtkMRMLScalarVolumeNode
    lesions: vtkMRMLSegmentationNode
    organs: vtkMRMLSegmentationNode
    ticks: Annotated[dict[str, bool], Default({})]
    ticks_of: vtkMRMLSegmentationNode
    split_islands: bool = False
    smallest_island_mm3: Annotated[float, WithinRange(0.0, 100000.0)] = 0.0
    model: str = ""
    show_demonstration_numbers: bool = False
    colour_by_contribution: bool = False
    show_label_map: bool = True
    opacity: Annotated[float, WithinRange(0.05, 1.0)] = 0.6
    legend: bool = True
    least_percentile: Annotated[float, WithinRange(0.0, 100.0)] = 0.0
