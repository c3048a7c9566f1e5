"""What calls the worker again and again on the main thread."""

from collections.abc import Callable
from typing import Protocol

_MILLISECONDS = 50


class Ticker(Protocol):
    """Calls a function regularly, on the thread that started it."""

    def start(self, call: Callable[[], None]) -> None:
        """Begin; a second start changes nothing."""

    def stop(self) -> None:
        """End; may be called when it does not tick."""


class QtTicker:
    """Ticks by Qt's event loop."""

    def __init__(self) -> None:
        import qt

        self._timer = qt.QTimer()
        self._timer.setInterval(_MILLISECONDS)
        self._call: Callable[[], None] | None = None
        self._timer.connect("timeout()", self._tick)

    def start(self, call: Callable[[], None]) -> None:
        self._call = call
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()

    def _tick(self) -> None:
        if self._call is not None:
            self._call()


class HandTicker:
    """Ticks when told to: for scripts without an event loop."""

    def __init__(self) -> None:
        self._call: Callable[[], None] | None = None

    def start(self, call: Callable[[], None]) -> None:
        self._call = call

    def stop(self) -> None:
        self._call = None

    def tick(self) -> None:
        """Call the function, if one is to be called."""
        if self._call is not None:
            self._call()
