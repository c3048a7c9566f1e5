"""The painted label map's colours as a file 3D Slicer opens."""

import re
from collections.abc import Sequence

from prognosis.lesions.results import ScoredLesion

_HEADER = "# Color table file: lesions coloured by their risk\n# id name red green blue alpha, each colour 0 to 255\n"


def slicer_colour_table(lesions: Sequence[ScoredLesion]) -> str:
    """Write lesions as the text of a Slicer colour table (.ctbl).

    The classic format separates columns by blanks: names keep letters, digits, '.', '-' and '_', blanks become '_',
    and a name that occurs twice gets its label appended.
    """
    taken = {"background"}
    rows = ["0 background 0 0 0 0"]
    for lesion in sorted(lesions, key=lambda lesion: lesion.label):
        name = _one_word(lesion)
        while name in taken:
            name = f"{name}_{lesion.label}"
        taken.add(name)
        red, green, blue = lesion.colour
        rows.append(f"{lesion.label} {name} {red} {green} {blue} 255")
    return _HEADER + "\n".join(rows) + "\n"


def _one_word(lesion: ScoredLesion) -> str:
    joined = "_".join(lesion.name.split())
    return re.sub(r"[^\w.\-]", "", joined) or f"lesion_{lesion.label}"
