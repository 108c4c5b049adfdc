"""A panel that nothing was told of is not known: it never says that there is nothing."""

from __future__ import annotations

from typing import Any

import pytest

from clawtop.cli.picture_text import picture_text
from clawtop.picture import changes as c
from clawtop.picture.seen import NOT_TOLD
from clawtop.picture.store import NO_EVENTS
from clawtop.screen.lanes_page import lanes_page
from clawtop.screen.panels.approvals import ApprovalsPanel
from clawtop.screen.panels.base import PanelModel
from clawtop.screen.panels.events import EventsPanel
from clawtop.screen.panels.locks import LocksPanel
from clawtop.screen.panels.recoveries import RecoveriesPanel
from tests.picture.builders import Picture, approvals, listed
from tests.picture.inside import seeing, told

PANELS: list[tuple[type[PanelModel], Any, str]] = [
    (EventsPanel, c.StatusRead([], []), "SYSTEM EVENTS"),
    (LocksPanel, listed(), "LOCKS"),
    (ApprovalsPanel, approvals(), "APPROVALS"),
    (RecoveriesPanel, c.StabilityRead([]), "RECOVERY"),
]


@pytest.mark.parametrize(("panel", "answer", "title"), PANELS, ids=lambda one: str(one)[:40])
def test_a_panel_is_not_known_until_its_answer_came(
    panel: type[PanelModel], answer: c.Change, title: str
) -> None:
    picture, model = Picture(), panel()
    assert model.count(picture.store) is None
    assert model.heading(picture.store) == "asking"
    assert model.empty_text(picture.store) == f"not known: {NOT_TOLD}"
    assert f"{title}: not known ({NOT_TOLD})" in picture_text(picture.store)
    picture.tell(answer)
    assert model.count(picture.store) == 0
    assert model.empty_text(picture.store) == model.nothing()
    assert f"{title}: not known" not in picture_text(picture.store)


def test_what_the_companion_reads_is_known_and_approvals_are_not_among_it() -> None:
    picture = seeing().tell(told())
    assert picture.store.companion is not None
    assert EventsPanel().count(picture.store) == LocksPanel().count(picture.store) == 0
    assert ApprovalsPanel().count(picture.store) is None
    assert ApprovalsPanel().empty_text(picture.store) == f"not known: {NOT_TOLD}"


def test_lanes_that_were_not_told_are_not_known() -> None:
    picture = Picture()
    assert f"not known: {NOT_TOLD}" in lanes_page(picture.store).plain
    picture.tell(c.LanesRead([]))
    assert f"not known: {NOT_TOLD}" not in lanes_page(picture.store).plain


def test_a_status_without_lines_makes_the_panel_say_so() -> None:
    picture, model = Picture().tell(c.StatusRead(None, [])), EventsPanel()
    assert model.heading(picture.store) == "not visible"
    assert model.empty_text(picture.store) == NO_EVENTS
