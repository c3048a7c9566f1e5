"""The hidden module that brings the library `prognosis` and what the modules of the extension share into Slicer."""

from slicer.i18n import tr as _
from slicer.i18n import translate
from slicer.ScriptedLoadableModule import ScriptedLoadableModule


class PrognosisCore(ScriptedLoadableModule):
    """Has nothing to show: its folder, once on Slicer's path, makes `prognosis` and `prognosis_slicer` importable."""

    def __init__(self, parent):
        ScriptedLoadableModule.__init__(self, parent)
        parent.title = _("Prognosis Core")
        parent.categories = [translate("qSlicerAbstractCoreModule", "Quantification")]
        parent.dependencies = []
        parent.contributors = ["The Prognosis authors"]
        parent.helpText = _(
            "Holds what the modules of the Prognosis extension share. "
            "Research use only: not a medical device, not for diagnosis or treatment."
        )
        parent.acknowledgementText = _(
            "Prognosis is free software under the MIT License. If you use it, please cite it together with the paper "
            "whose method you used; the file CITATION.cff names them."
        )
        parent.hidden = True
        parent.widgetRepresentationCreationEnabled = False
