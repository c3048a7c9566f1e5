"""The radiologist's module: each lesion of a CT coloured by its risk, ranked, and summed to the patient's."""

import slicer
from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import (
    ScriptedLoadableModule,
    ScriptedLoadableModuleLogic,
    ScriptedLoadableModuleTest,
    ScriptedLoadableModuleWidget,
)

from prognosis_slicer import installing
from prognosis_slicer.lesion_risk.inputs import inputs_of, suggest, what_is_missing
from prognosis_slicer.lesion_risk.parameters import LesionRiskParameters
from prognosis_slicer.lesion_risk.sample import load_phantom
from prognosis_slicer.lesion_risk.scoring import Scoring
from prognosis_slicer.lesion_risk.screen import Screen
from prognosis_slicer.lesion_risk.waiting import score_and_wait
from prognosis_slicer.worker.local_worker import LocalWorker
from prognosis_slicer.worker.ticking import QtTicker


class SurvivalLesionRisk(ScriptedLoadableModule):
    """What the module is."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Survival Lesion Risk")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = ["PrognosisCore"]
        parent.contributors = ["The Prognosis authors"]
        parent.helpText = _(
            "Scores each segmented lesion of a CT, colours it by its risk on the slices and in 3D, ranks the lesions "
            "in a table whose rows jump to them, and sums them to the patient's risk. "
            "Choose the CT and the segmentation, then press Score. "
            "Research use only: not a medical device, not for diagnosis or treatment."
        )
        parent.acknowledgementText = _(
            "Prognosis is free software under the MIT License. If you use it, please cite it together with the paper "
            "whose method you used; the file CITATION.cff names them."
        )
        slicer.app.connect("startupCompleted()", self.registerSampleData)

    def registerSampleData(self):
        """Offer a simulated patient, drawn at the moment of use, in the Sample Data module."""
        import SampleData

        SampleData.SampleDataLogic.registerCustomSampleDataSource(
            category=_("Survival Lesion Risk"),
            sampleName="SurvivalLesionRiskPhantom",
            thumbnailFileName=self.resourcePath("Icons/SurvivalLesionRisk.png"),
            uris=[],
            fileNames=[],
            nodeNames=[],
            customDownloader=self.drawPhantom,
        )

    def drawPhantom(self, _source):
        """Draw the simulated patient, or say in a window why not."""
        with slicer.util.tryWithErrorDisplay(_("The simulated patient could not be drawn."), waitCursor=True):
            return list(load_phantom(installing))
        return []


class SurvivalLesionRiskWidget(ScriptedLoadableModuleWidget):
    """Puts the screen on the panel."""

    screen = None

    def setup(self):
        ScriptedLoadableModuleWidget.setup(self)
        uiWidget = slicer.util.loadUI(self.resourcePath("UI/SurvivalLesionRisk.ui"))
        self.layout.addWidget(uiWidget)
        uiWidget.setMRMLScene(slicer.mrmlScene)
        self.logic = SurvivalLesionRiskLogic()
        scoring = Scoring(LocalWorker(QtTicker()), installing)
        self.screen = Screen(uiWidget, scoring, self.logic.getParameterNode)

    def enter(self):
        if self.screen is not None:
            self.screen.enter()

    def exit(self):
        if self.screen is not None:
            self.screen.exit()

    def cleanup(self):
        if self.screen is not None:
            self.screen.close()


class SurvivalLesionRiskLogic(ScriptedLoadableModuleLogic):
    """For scripts: set the parameters, then score."""

    def getParameterNode(self):
        return LesionRiskParameters(ScriptedLoadableModuleLogic.getParameterNode(self))

    def score(self, parameters):
        """Score what is chosen, wait for it, and return the result in the scene.

        Raises:
            PrognosisError: What is wrong, and what to do.
        """
        return score_and_wait(inputs_of(parameters), installing)


class SurvivalLesionRiskTest(ScriptedLoadableModuleTest):
    """Runs the module on a simulated patient."""

    def setUp(self):
        slicer.mrmlScene.Clear()

    def runTest(self):
        self.setUp()
        self.test_a_phantom_is_scored()

    def test_a_phantom_is_scored(self):
        if installing.missing():
            self.skipTest(_("Packages are missing: press Score once, which asks to install them."))
        self.delayDisplay(_("Drawing a simulated patient"))
        image, lesions = load_phantom(installing)
        logic = SurvivalLesionRiskLogic()
        parameters = logic.getParameterNode()
        suggest(parameters)
        assert parameters.image is image
        assert parameters.lesions is lesions
        assert not what_is_missing(parameters)
        self.delayDisplay(_("Scoring its lesions"))
        patient = logic.score(parameters).patient
        assert len(patient.lesions) == lesions.GetSegmentation().GetNumberOfSegments()
        assert abs(patient.risk - sum(lesion.contribution or 0.0 for lesion in patient.lesions)) < 1e-5
        assert patient.model.demonstration
        self.delayDisplay(_("Test passed"))
