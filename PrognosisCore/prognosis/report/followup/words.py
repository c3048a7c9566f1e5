"""The sentences and table cells of a follow-up report."""

from dataclasses import dataclass

from prognosis.biomarkers.following.comparing import GOOD_DETAIL
from prognosis.biomarkers.following.overlap import AgainstChance
from prognosis.biomarkers.following.results import FollowedUp

_NONE = "–"
DESCRIPTIVE = (
    "One patient's p value is descriptive: it tells how unusual this place is among rotated ones, not whether heat "
    "foretells recurrence in patients."
)


@dataclass(frozen=True)
class FigureRow:
    """One figure of overlap as text."""

    name: str
    value: str
    chance: str
    band: str
    p: str


def headline(followed: FollowedUp) -> str:
    """What was found, in one line."""
    overlap, percent = followed.overlap, f"{followed.options.hot_percent:g}"
    doubt = "Doubtful match: " if followed.doubtful else ""
    if overlap is None:
        return f"{doubt}Baseline heat on the follow-up CT"
    share = (
        f"{doubt}{100 * overlap.hot_share.value:.1f} % of the recurrence lies in the hottest {percent} % of the region"
    )
    return share if overlap.hot_share.p is None else f"{share} ({p_words(overlap.hot_share.p)}, descriptive)"


def explanation(followed: FollowedUp) -> str:
    """What the headline means, and what it does not."""
    if followed.overlap is None:
        why = "no recurrence was given" if followed.recurrence is None else "none of the recurrence could be measured"
        return f"The baseline's heat is shown on the later CT; {why}, so nothing is judged."
    mean = followed.overlap.hot_share.chance_mean
    chance = "" if mean is None else f"Rotated copies of it are hot by {100 * mean:.1f} % on average. "
    return f"Where the disease came back, beside where the baseline's score came from. {chance}{DESCRIPTIVE}"


def figure_rows(followed: FollowedUp) -> list[FigureRow]:
    """The figures of overlap; none without one."""
    overlap = followed.overlap
    if overlap is None:
        return []
    return [
        _row("Recurrence that is hot", overlap.hot_share, scale=100, unit=" %", digits=1),
        _row("Mean heat percentile inside it", overlap.heat_percentile, scale=1, unit="", digits=1),
        _row("Dice of hot voxels with it", overlap.dice, scale=1, unit="", digits=3),
    ]


def overlap_words(followed: FollowedUp) -> str:
    """How the figures were made."""
    overlap = followed.overlap
    if overlap is None:
        return ""
    shown = " and ".join(modality.shown for modality in followed.hotness.modalities)
    return (
        f"Heat of {shown} by size. Hot are {overlap.hot_voxels:,} voxels of the baseline region outside its tumour. "
        f"Measured on {overlap.voxels:,} voxels of the recurrence inside the region and outside the baseline tumour. "
        f"Chance: {overlap.rotations:,} copies of the recurrence, rotated about the tumour at equal distance and in "
        "the same tissue; p = (1 + copies at least as large) / (1 + copies). The first row was declared first; "
        "the others stand beside it."
    )


def registration_rows(followed: FollowedUp) -> list[tuple[str, str]]:
    """How the follow-up was laid onto the baseline, name and value."""
    found = followed.registration
    x, y, z = found.shift_mm
    before = _NONE if found.match_before is None else f"{found.match_before:.3f}"
    return [
        ("Verdict", "doubtful: look at the pictures" if followed.doubtful else "good"),
        ("Correlation outside the tumour", f"{found.match:.3f} (before: {before})"),
        ("Correlation of detail", f"{found.detail:.3f} (good from {GOOD_DETAIL})"),
        ("Shift of the region's centre", f"L {x:+.1f} · P {y:+.1f} · S {z:+.1f} mm"),
        ("Rotation", f"{found.rotation_degrees:.1f} degrees"),
        ("Region shown by the follow-up", f"{100 * found.overlap:.0f} %"),
        ("Found from", found.start),
    ]


def p_words(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.1 else f"p = {p:.2f}"


def _row(name: str, figure: AgainstChance, *, scale: float, unit: str, digits: int) -> FigureRow:
    def told(value: float | None) -> str:
        return _NONE if value is None else f"{scale * value:.{digits}f}{unit}"

    low, high = told(figure.chance_low), told(figure.chance_high)
    return FigureRow(
        name=name,
        value=told(figure.value),
        chance=told(figure.chance_mean),
        band=_NONE if figure.chance_low is None else f"{low} to {high}",
        p=_NONE if figure.p is None else p_words(figure.p).removeprefix("p = ").removeprefix("p "),
    )
