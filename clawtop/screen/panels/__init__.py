"""The panels as plain data, one file each: columns, order, cells, title. No Textual here.

A new panel is a new file and one line in ``ALL``.
"""

from clawtop.screen.panels.approvals import ApprovalsPanel
from clawtop.screen.panels.base import NEED, PanelModel
from clawtop.screen.panels.events import EventsPanel
from clawtop.screen.panels.incidents import IncidentsPanel
from clawtop.screen.panels.locks import LocksPanel
from clawtop.screen.panels.recoveries import RecoveriesPanel

ALL: tuple[type[PanelModel], ...] = (
    IncidentsPanel,
    EventsPanel,
    LocksPanel,
    ApprovalsPanel,
    RecoveriesPanel,
)

__all__ = [
    "ALL",
    "NEED",
    "ApprovalsPanel",
    "EventsPanel",
    "IncidentsPanel",
    "LocksPanel",
    "PanelModel",
    "RecoveriesPanel",
]
