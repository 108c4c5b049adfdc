"""Questions that got no answer, or an error: what of the picture is missing for that, and why."""

from __future__ import annotations

from msgspec import Struct

IN_VAIN = 2  # once may be a busy moment: what was read just before still stands


class _Failure(Struct):
    part: str
    why: str
    times: int = 1


class Failures:
    """The questions of one link whose last answer failed. Every later answer takes one away."""

    def __init__(self) -> None:
        self._by_method: dict[str, _Failure] = {}
        self._answered: set[str] = set()
        self.all: dict[str, str] = {}  # why, by part
        self.gone: dict[str, str] = {}  # parts that cannot be read at all
        self.once: dict[str, str] = {}  # parts that were read, and could not be read again just now

    def clear(self) -> None:
        """A new link: everything is asked anew."""
        self._by_method.clear()
        self._answered.clear()
        self._sort()

    def failed(self, part: str, method: str, why: str) -> bool:
        """A question for that part failed; True when that changes what can be said."""
        known = self._by_method.get(method)
        times = known.times + 1 if known is not None else 1
        self._by_method[method] = _Failure(part, why, times)
        return self._sort()

    def answered(self, method: str) -> bool:
        """It was answered; True when that changes what can be said."""
        self._answered.add(method)
        return self._by_method.pop(method, None) is not None and self._sort()

    def _sort(self) -> bool:
        before = (self.gone, self.once)
        self.all = {one.part: one.why for one in self._by_method.values()}
        gone = {method for method in self._by_method if self._in_vain(method)}
        self.gone = {self._by_method[one].part: self._by_method[one].why for one in gone}
        self.once = {part: why for part, why in self.all.items() if part not in self.gone}
        return (self.gone, self.once) != before

    def _in_vain(self, method: str) -> bool:
        return method not in self._answered or self._by_method[method].times >= IN_VAIN
