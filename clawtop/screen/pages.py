"""Which page a record has."""

from __future__ import annotations

from rich.text import Text

from clawtop.incidents.incident import Incident
from clawtop.picture.records import Lock, Recovery, SystemEvent
from clawtop.picture.store import Store
from clawtop.screen.detail import approvals_page, event_page, lock_page, recovery_page
from clawtop.screen.incident_page import incident_page
from clawtop.screen.standing import Standing


def page_of(record: object, store: Store, standing: Standing | None) -> Text | None:
    """Everything known of a record; None for what is none."""
    match record:
        case Incident() if standing is not None:
            return incident_page(record, standing)
        case Lock():
            named = standing.of_session(record.session_key) if standing else ()
            return lock_page(record, store, named)
        case tuple():
            named = standing.of_session(record[0].session_key) if standing else ()
            return approvals_page(record, store, named)
        case SystemEvent():
            return event_page(record, store)
        case Recovery():
            return recovery_page(record, store)
        case _:
            return None
