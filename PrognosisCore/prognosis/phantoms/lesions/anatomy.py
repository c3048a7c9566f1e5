"""One person's chest without lesions."""

import numpy as np

from prognosis.phantoms.lesions.canvas import Canvas
from prognosis.phantoms.lesions.lung_vessels import paint_lung_vessels
from prognosis.phantoms.lesions.torso import Build, paint_spine, paint_torso
from prognosis.phantoms.lesions.viscera import paint_abdomen, paint_mediastinum


def paint_anatomy(canvas: Canvas, enhancement: float, rng: np.random.Generator) -> None:
    """Paint a chest and upper abdomen that fill the canvas, in Hounsfield units, with organ labels.

    Args:
        canvas: Of air.
        enhancement: Strength of the contrast medium in blood and organs, 0 for none.
        rng: Decides on this person's build and lung vessels.
    """
    build = Build.draw(enhancement, rng)
    paint_torso(canvas, build)
    paint_mediastinum(canvas, build)
    paint_abdomen(canvas, build)
    paint_spine(canvas, build)
    paint_lung_vessels(canvas, enhancement, rng)
