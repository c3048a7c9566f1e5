"""Timing two ways of doing the same work in turn."""

import statistics
import time
from collections.abc import Callable
from typing import Any

# Longer than a library's threads keep spinning after its work, so that neither way runs beside the other's.
_PAUSE_S = 0.3


def compare(
    *,
    name: str,
    work: str,
    peer: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    agreement: str,
    repeats: int = 21,
) -> dict[str, Any]:
    """Run both in turn and return a row of bench.json with the medians.

    A turn is a pause, a run that is not counted, and one that is.
    """
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(repeats):
        for label, run in (("ours", ours), ("theirs", theirs)):
            time.sleep(_PAUSE_S)
            run()
            start = time.perf_counter()
            run()
            seconds[label].append(time.perf_counter() - start)
    ours_s, peer_s = statistics.median(seconds["ours"]), statistics.median(seconds["theirs"])
    return {
        "name": name,
        "work": work,
        "ours_s": ours_s,
        "peer": peer,
        "peer_s": peer_s,
        "ratio": peer_s / ours_s,
        "agreement": agreement,
        "extrapolated": False,
    }
