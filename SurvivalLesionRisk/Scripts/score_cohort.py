"""Score the lesions of every patient of a table with Slicer, without a window and without anybody there.

    Slicer --no-splash --no-main-window --python-script score_cohort.py -- --cohort cohort.csv --output results

The options after `--` are those of `prognosis lesions score --cohort`, which runs as a process of its own and writes
the files it always writes. What happens is logged to results.log beside the folder, or to the file after `--log`.
"""

import sys

import slicer


def run() -> None:
    """Score, and end Slicer whatever happens: after an error it would otherwise wait for ever."""
    code = 2
    try:
        from prognosis_slicer.unattended.script import score_cohort

        code = 1
        code = score_cohort(("lesions", "score"), sys.argv[1:])
    finally:
        slicer.util.exit(code)


run()
