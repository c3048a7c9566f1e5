"""Prognosis: read a cancer patient's prognosis from images, and show why. Research use only."""

from prognosis._version import __version__

__all__ = ["__version__"]
