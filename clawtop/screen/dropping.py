"""Saying no to a second copy of a queued system event: which line is meant, and the question."""

from __future__ import annotations

from rich.text import Text

from clawtop.errors import RefusedError
from clawtop.incidents.incident import Act, Incident
from clawtop.incidents.ways import remedies
from clawtop.picture.records import SystemEvent
from clawtop.picture.store import Store
from clawtop.remedies.drop import METHOD, DropPlan, drop_lines, plan_drop_event
from clawtop.screen.page import Page
from clawtop.text import plain

PATIENCE_S = 10.0


def line_to_drop(record: object, store: Store) -> str | None:
    """The id of the queued line that a row is about; None: it is about none.

    Of an incident the first one that can be dropped now, else the first one it names.
    """
    if isinstance(record, SystemEvent):
        return record.id
    if not isinstance(record, Incident):
        return None
    ways = [one for one in remedies(record, store) if one.act == Act.DROP_EVENT]
    usable = [one for one in ways if one.available]
    return next((one.target for one in usable or ways), None)


def drop_text(plan: DropPlan) -> Text:
    """Dropping one copy: it loses nothing that is not still queued."""
    text = Text().append("Drop one copy of a queued line; the other copy stays\n\n", "bold")
    for name, value in drop_lines(plan):
        text.append(f"{name:<9}", "dim")
        text.append(plain(value) + "\n")
    return text


def drop_section(page: Page, event: SystemEvent, store: Store) -> None:
    """For the page of a line that is queued twice: the way out, or why there is none."""
    if event.copies < 2:
        return
    page.section("WAYS OUT")
    try:
        plan = plan_drop_event(store, event.id)
    except RefusedError as error:
        page.line(f"    drop-event  no: {error.sentence()}", "dim")
        return
    page.line("  N drop-event  take this copy out of the queue", "bold")
    for loss in plan.loses:
        page.line(f"      loses   {loss}")
    page.line(f"      sends   {METHOD}")
    page.line(f"      shell   {plan.command()}")
