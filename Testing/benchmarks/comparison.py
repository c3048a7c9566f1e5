"""Timing two ways of doing the same work in turn."""

import statistics
import time
from collections.abc import Callable
from typing import Any


def compare(
    *,
    name: str,
    work: str,
    peer: str,
    ours: Callable[[], Any],
    theirs: Callable[[], Any],
    agreement: str,
    repeats: int = 51,
) -> dict[str, Any]:
    """Run both in turn after a warm-up, and return a row of bench.json with the medians."""
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for repeat in range(repeats + 3):
        for label, run in (("ours", ours), ("theirs", theirs)):
            start = time.perf_counter()
            run()
            if repeat >= 3:
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
