"""What is there once everything was listed stays: the garbage collector need not walk it again.

A full walk over the widgets and ten thousand sessions takes about 50 ms, in which no key is heard.
"""

from __future__ import annotations

import gc
from collections.abc import Collection

LISTED = "rows"  # the largest listing


class Settled:
    """Sets aside what lives until the end."""

    def __init__(self) -> None:
        self.done = False

    @staticmethod
    def begin() -> None:
        """After the first frame, before anything is connected (30 ms): what was needed only to load
        the dashboard goes, the rest stays."""
        gc.unfreeze()
        gc.collect()
        gc.freeze()

    def look(self, listed: Collection[str]) -> None:
        """Once. ``listed``: the parts of the picture that were listed so far."""
        if self.done or LISTED not in listed:
            return
        self.done = True
        gc.collect(1)  # the young: a walk over all is what we are here to avoid
        gc.freeze()
