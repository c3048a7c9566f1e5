"""What the scene remembers of a result: a hidden node that holds the numbers and points to all other nodes."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

import slicer

from prognosis.bundles.model_used import ModelUsed
from prognosis.lesions.results import ScoredLesion, ScoredPatient
from prognosis.survival.predicted_survival import PredictedSurvival

RESULT_ATTRIBUTE = "Prognosis.Result"
_RECORD = "lesion risks"
_PATIENT, _OWNERS = "patient", "owners"


class Role(Enum):
    """What a node is to a result; also the role of the reference to it and its attribute's value."""

    IMAGE = "image"
    SEGMENTATION = "segmentation"
    LABELS = "labels"
    COLOURS = "colours"
    LEGEND = "legend"
    LEGEND_COLOURS = "legendColours"
    LEGEND_CARRIER = "legendCarrier"
    TABLE = "table"
    SURVIVAL_TABLE = "survivalTable"
    SURVIVAL_SERIES = "survivalSeries"
    SURVIVAL_CHART = "survivalChart"


INPUTS = (Role.IMAGE, Role.SEGMENTATION)


class ResultRecord:
    """A result in the scene. It observes nothing and keeps nothing beside its node: make another any time.

    Args:
        node: The node that `new_record` made, also after the scene was saved and loaded.
    """

    def __init__(self, node: slicer.vtkMRMLScriptedModuleNode) -> None:
        self.node = node

    @property
    def scene(self) -> slicer.vtkMRMLScene:
        return self.node.GetScene()

    @property
    def patient(self) -> ScoredPatient:
        """The numbers as they were scored."""
        return patient_from(json.loads(self.node.GetParameter(_PATIENT)))

    @property
    def owners(self) -> tuple[str, ...]:
        """The segment ID of each lesion: of lesion `label` it is `owners[label - 1]`."""
        return tuple(json.loads(self.node.GetParameter(_OWNERS)))

    def find(self, role: Role) -> slicer.vtkMRMLNode | None:
        """The node of a role; None when it was not made or somebody removed it."""
        return self.node.GetNodeReference(role.value)

    def keep(self, role: Role, node: slicer.vtkMRMLNode) -> None:
        """Take a node that was made for this result."""
        node.SetAttribute(RESULT_ATTRIBUTE, role.value)
        self.node.SetNodeReferenceID(role.value, node.GetID())

    def recall(self, what: str) -> Any:
        """What was remembered under a name; None before."""
        text = self.node.GetParameter(what)
        return json.loads(text) if text else None

    def remember(self, what: str, value: Any) -> None:
        """Remember numbers, texts, lists and mappings of them, in the scene's file too."""
        self.node.SetParameter(what, json.dumps(value))

    def forget(self, what: str) -> None:
        self.node.UnsetParameter(what)


def new_record(
    patient: ScoredPatient,
    owners: tuple[str, ...],
    image: slicer.vtkMRMLScalarVolumeNode,
    segmentation: slicer.vtkMRMLSegmentationNode,
) -> ResultRecord:
    """Make the node that remembers a result of these inputs."""
    node = segmentation.GetScene().AddNewNodeByClass("vtkMRMLScriptedModuleNode", "Prognosis result")
    node.SetAttribute(RESULT_ATTRIBUTE, _RECORD)
    record = ResultRecord(node)
    record.remember(_PATIENT, asdict(patient))
    record.remember(_OWNERS, owners)
    node.SetNodeReferenceID(Role.IMAGE.value, image.GetID())
    node.SetNodeReferenceID(Role.SEGMENTATION.value, segmentation.GetID())
    return record


def records_of(scene: slicer.vtkMRMLScene) -> list[ResultRecord]:
    """All results in the scene, also those whose inputs are gone."""
    nodes = (
        scene.GetNthNodeByClass(number, "vtkMRMLScriptedModuleNode")
        for number in range(scene.GetNumberOfNodesByClass("vtkMRMLScriptedModuleNode"))
    )
    return [ResultRecord(node) for node in nodes if node.GetAttribute(RESULT_ATTRIBUTE) == _RECORD]


def patient_from(content: Mapping[str, Any]) -> ScoredPatient:
    """Build a scored patient from what `asdict` made of it and JSON made of that."""
    survival = content["survival"]
    return ScoredPatient(
        lesions=tuple(_lesion(lesion) for lesion in content["lesions"]),
        risk=content["risk"],
        percentile=content["percentile"],
        survival=None
        if survival is None
        else PredictedSurvival(
            times_days=tuple(survival["times_days"]),
            survival=tuple(survival["survival"]),
            at_years={int(year): share for year, share in survival["at_years"].items()},
        ),
        watermark=content["watermark"],
        model=ModelUsed(**content["model"]),
        versions=content["versions"],
        warnings=tuple(content["warnings"]),
    )


def _lesion(content: Mapping[str, Any]) -> ScoredLesion:
    lists = {name: tuple(content[name]) for name in ("centroid_ras", "colour", "flags")}
    return ScoredLesion(**{**content, **lists})
