"""Which page a record has, and which keys work on it."""

from __future__ import annotations

from rich.text import Text

from clawtop.incidents.incident import Incident
from clawtop.incidents.ways import remedies
from clawtop.picture.records import Lock, Recovery, SystemEvent
from clawtop.picture.store import Store
from clawtop.screen.detail import approvals_page, event_page, lock_page, recovery_page
from clawtop.screen.incident_page import incident_keys, incident_page
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


def keys_of(record: object, store: Store) -> list[str]:
    """What the keys do on its page, the most wanted first."""
    match record:
        case Incident():
            return incident_keys(record, remedies(record, store))
        case Lock():
            keys = ["X release", "1-9 a way out", "K abort the run"]
        case tuple():
            keys = ["N deny"]
        case SystemEvent() if record.copies > 1:
            keys = ["N drop this copy"]
        case _:
            keys = []
    return [*keys, "c copy", "l log lines"]


def state_of(record: object) -> object:
    """What makes a page of the record another one at once; the rest of it may wait a little."""
    if isinstance(record, tuple):
        return len(record)
    names = ("verdict", "severity", "certainty")
    return record is None, *(getattr(record, name, None) for name in names)
