"""The one colour scale of lesions: percentile among training lesions, blue to red, never stretched."""

import numpy as np

NOT_SCORED = (128, 128, 128)

# Anchors chosen to stay apart from CT greys and from each other for readers with red-green deficiency.
_PERCENTILES = (0.0, 25.0, 50.0, 75.0, 100.0)
_ANCHORS = ((43, 80, 200), (90, 190, 240), (255, 240, 140), (250, 140, 50), (200, 20, 35))


def colour_of_percentile(percentile: float) -> tuple[int, int, int]:
    """Return RGB, each 0 to 255, for a percentile of 0 (blue) to 100 (red)."""
    red, green, blue = (
        round(float(np.interp(percentile, _PERCENTILES, channel))) for channel in zip(*_ANCHORS, strict=True)
    )
    return red, green, blue
