"""How far a search is, told to whoever watches: what is better at once, and that time goes by."""

from collections.abc import Callable

Progress = Callable[[int, int, float, int], None]
"""Called with points, lower bound, seconds since the start, and iteration."""

TELL_SECONDS = 1.0


class Teller:
    """Tells the points and the bound of one search as soon as they change, and at least every second."""

    def __init__(self, progress: Progress | None, timer: Callable[[], float]) -> None:
        self._progress, self._timer, self._started = progress, timer, timer()
        self._told, self._at = (-1, -1), 0.0

    def spent(self) -> float:
        """Return the seconds since the start."""
        return self._timer() - self._started

    def tell(self, points: int, bound: int, iteration: int) -> None:
        """Tell it where there is something to tell; before all have had their turn only that time goes by."""
        if self._progress is None:
            return
        now = self.spent()
        news = iteration >= 0 and (points, bound) != self._told
        if news or now - self._at >= TELL_SECONDS:
            self._told, self._at = (points, bound), now
            self._progress(points, bound, now, iteration)
