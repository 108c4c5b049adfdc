"""After the first listing the collector leaves alone what is there, once."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from clawtop.screen.settled import Settled


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_was_listed_is_set_aside_once() -> None:
    settled = Settled()
    settled.look({"status"})
    assert gc.get_freeze_count() == 0, "the rows are still to come"
    settled.look({"status", "rows"})
    assert gc.get_freeze_count() > 1_000
    gc.unfreeze()
    settled.look({"rows"})
    assert gc.get_freeze_count() == 0, "only once"


def test_what_loading_left_behind_goes_also_where_it_was_set_aside() -> None:
    class Knot:
        def __init__(self) -> None:
            self.itself = self

    knot = weakref.ref(Knot())
    gc.freeze()
    Settled.begin()
    assert knot() is None
    assert gc.get_freeze_count() > 1_000
