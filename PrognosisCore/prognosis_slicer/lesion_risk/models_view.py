"""The choice of a model, and what it says of itself."""

from collections.abc import Callable

import qt
import slicer
from slicer.i18n import tr as _

from prognosis_slicer.lesion_risk.models import DEFAULT, Model, model_of, models
from prognosis_slicer.panels.looks import tool_tip


class ModelsView:
    """Lists the models; the one chosen is kept as text, since a combo box's own choice would not survive a new list.

    Args:
        widget: The module's screen.
        on_chosen: Called with what `--model` takes.
    """

    def __init__(self, widget, on_chosen: Callable[[str], None]) -> None:
        self.ui = slicer.util.childWidgetVariables(widget)
        self._on_chosen = on_chosen
        self._models: list[Model] = []
        self._shown: Model | None = None
        self.ui.modelSelector.connect("activated(int)", self._activated)
        self.ui.chooseModelButton.connect("clicked()", self._choose_folder)

    @property
    def chosen(self) -> Model | None:
        """The model shown as chosen."""
        return self._shown

    def find(self) -> None:
        """Look for the models of this computer again."""
        self._models = models()
        self._shown = None

    def show(self, choice: str, *, enabled: bool) -> None:
        """Show a choice, also one that is not in the list."""
        self.ui.modelSelector.enabled = enabled
        self.ui.chooseModelButton.enabled = enabled
        if self._shown is not None and self._shown.choice == choice:
            return
        model = next((model for model in self._models if model.choice == choice), None)
        if model is None:
            model = model_of(choice)
            self._models.append(model)
        self._shown = model
        self.ui.modelSelector.clear()
        for listed in self._models:
            self.ui.modelSelector.addItem(_listed(listed))
        self.ui.modelSelector.currentIndex = self._models.index(model)
        self.ui.modelSelector.toolTip = tool_tip(model.problem or choice or _("The model that is taken by default."))
        self.ui.modelLabel.text = model.problem or _("{name}, research use only.").format(name=_listed(model))
        self.ui.modelCardBrowser.markdown = model.card.partition("\n\n")[2]
        self.ui.modelCardBrowser.visible = bool(model.card)

    def _activated(self, index: int) -> None:
        self._on_chosen(self._models[index].choice)

    def _choose_folder(self) -> None:
        folder = qt.QFileDialog.getExistingDirectory(self.ui.chooseModelButton, _("Folder of a model"))
        if folder:
            self._on_chosen(folder)


def _listed(model: Model) -> str:
    mark = _(" (demonstration)") if model.demonstration else ""
    if model.choice == DEFAULT:
        return _("Default: {name}{mark}").format(name=model.name or _("yours, else the demonstration"), mark=mark)
    return f"{model.name}{mark}"
