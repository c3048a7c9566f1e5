"""Running a batch: every case that has no result yet, one bad case never in the way of another."""

from collections.abc import Callable, Iterator, Sequence

from prognosis.batch.case import Case, Done, Failed, Outcome
from prognosis.batch.executor import Executor, Task
from prognosis.batch.folder import BatchFolder
from prognosis.batch.ledger import Entry, Ledger, tell_nobody

MakeExecutor = Callable[[int], Executor]


def run_batch(
    ledger: Ledger,
    folder: BatchFolder,
    make_executor: MakeExecutor,
    *,
    workers: int,
    may_start: Callable[[], bool] = lambda: True,
    told: Callable[[Entry], None] = tell_nobody,
) -> None:
    """Compute the cases of a ledger that wait, and enter what becomes of each.

    A case that may have failed for lack of memory is tried once more when all others are finished, alone.

    Args:
        ledger: The cases; right at any moment, also when this is interrupted.
        folder: Where results go, each whole.
        make_executor: Number of workers -> executor.
        workers: How many cases run at once.
        may_start: Asked before each case; no case is started once it says no.
        told: Told of each case that is finished.

    Raises:
        PrognosisError: No worker can be started.
    """
    once_more: list[Case] = []

    def start(cases: Sequence[Case]) -> Iterator[Task]:
        for case in cases:
            if not may_start():
                return
            yield Task(case, folder.partial(case))

    def compute(cases: Sequence[Case], workers: int, *, for_the_last_time: bool) -> None:
        with make_executor(workers) as executor:
            for outcome in executor.run(start(cases)):
                placed = _put_in_place(outcome, folder)
                entry = ledger.enter(placed)
                if isinstance(placed, Failed) and placed.once_more and not for_the_last_time:
                    once_more.append(placed.case)
                else:
                    told(entry)

    if ledger.waiting:
        compute(ledger.waiting, min(workers, len(ledger.waiting)), for_the_last_time=False)
    if once_more:
        compute(once_more, 1, for_the_last_time=True)


def _put_in_place(outcome: Outcome, folder: BatchFolder) -> Outcome:
    """Show a finished case, or clear away what its worker left."""
    if isinstance(outcome, Done):
        try:
            folder.commit(outcome.case)
            return outcome
        except OSError as error:
            outcome = Failed(outcome.case, f"Its folder could not be shown: {error.strerror}.")
    folder.discard(outcome.case)
    return outcome
