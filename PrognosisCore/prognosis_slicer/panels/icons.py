"""Small pictures."""

import qt


def swatch(colour: tuple[int, int, int], size: int = 14):
    """A patch of one colour, each part 0 to 255."""
    pixmap = qt.QPixmap(size, size)
    pixmap.fill(qt.QColor(*colour))
    icon = qt.QIcon(pixmap)
    # Without this a selected row would tint its colour.
    icon.addPixmap(pixmap, qt.QIcon.Selected)
    return icon
