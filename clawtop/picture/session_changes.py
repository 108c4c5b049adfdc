"""What can happen to sessions and runs, in the gateway's own field names. See ``changes``."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class Wire(Struct, rename="camel", gc=False):
    """A payload part as the gateway names it."""


class Row(Wire):
    """A session row: listed by ``sessions.list``, nested or flattened in ``sessions.changed``.

    UNSET means the gateway did not say; that is a fact of its own for ``active_run_ids``
    (absent: running or held; empty: idle; None: removed).
    """

    key: str | UnsetType = UNSET
    session_key: str | UnsetType = UNSET
    session_id: str | UnsetType | None = UNSET
    agent_id: str | UnsetType | None = UNSET
    kind: str | UnsetType | None = UNSET
    status: str | UnsetType | None = UNSET
    has_active_run: bool | UnsetType | None = UNSET
    active_run_ids: list[str] | UnsetType | None = UNSET
    started_at: int | float | UnsetType | None = UNSET
    ended_at: int | float | UnsetType | None = UNSET
    updated_at: int | float | UnsetType | None = UNSET
    last_activity_at: int | float | UnsetType | None = UNSET
    last_interaction_at: int | float | UnsetType | None = UNSET
    last_run_id: str | UnsetType | None = UNSET
    restart_recovery_status: str | UnsetType | None = UNSET
    pending_final_delivery: Any | UnsetType = UNSET
    pending_final_delivery_attempt_count: int | UnsetType | None = UNSET
    snapshot_at: int | float | UnsetType | None = UNSET
    channel: str | UnsetType | None = UNSET
    last_channel: str | UnsetType | None = UNSET
    spawned_by: str | UnsetType | None = UNSET
    parent_session_key: str | UnsetType | None = UNSET
    child_sessions: list[Any] | UnsetType | None = UNSET


class RowsListed(Struct):
    """An answer to ``sessions.list``. ``complete`` when no older session was left out."""

    rows: list[Row]
    ts: int | None = None
    complete: bool = True
    total: int | None = None


class SessionChanged(Wire):
    """``sessions.changed``: something about one session, with whatever row fields it carries."""

    session_key: str = ""
    reason: str | None = None
    phase: str | None = None
    run_id: str | None = None
    ts: int | float | None = None
    row: Row | None = None


class RunData(Wire):
    """``aborted``: the end is no answer, also of a waiting message that was cancelled (measured on
    2026.5.28 and 2026.9.6)."""

    phase: str | None = None
    aborted: bool | None = None
    started_at: int | float | None = None
    approval_id: str | None = None
    name: str | None = None


class RunActivity(Wire):
    """``agent``: one sign of life of one run. Only runs started by an RPC send them (measured
    on 2026.5.28 and 2026.9.6: channel and heartbeat runs reach operators without them)."""

    run_id: str
    stream: str = ""
    ts: int | float | None = None
    session_key: str | None = None
    is_heartbeat: bool | None = None
    data: RunData | None = None


class ChatActivity(Wire):
    """``chat``: delta, final, aborted, error or status of a run asked for by an RPC.

    ``message`` is present on a real answer; a ``final`` without one means *parked* (2026.9.6).
    """

    run_id: str
    session_key: str = ""
    state: str = ""
    message: Any | None = None


class Completion(Struct, frozen=True, gc=False):
    """A command's end told in a user turn: which exec, its exit code, when the turn was written."""

    exec_id: str
    code: str
    at_ms: int | None = None


class SessionMessage(Struct, gc=False):
    """``session.message``: a line added to a transcript. Any role but ``user`` is progress."""

    session_key: str = ""
    role: str = ""
    ts: int | None = None
    run_id: str | None = None
    completions: tuple[Completion, ...] = ()


class PendingInput(Struct, gc=False):
    """A message accepted and not yet taken by a turn (``chat.history`` of newer gateways)."""

    id: str
    run_id: str | None
    accepted_at: int | None
    state: str
    preview: str
    origin: str | None = None


class InFlight(Struct, gc=False):
    """``chat.history.inFlightRun``: the run the gateway can name for a session right now."""

    run_id: str
    started_at: int | None = None
    newest_event_at: int | None = None
    newest_stream: str | None = None
    text_size: int = 0
    abortable: bool = False


class HistoryRead(Struct):
    """An answer to ``chat.history`` for one suspect.

    ``tells_pending`` is whether the gateway lists waiting messages at all (8.2 and later):
    only then does the absence of ``in_flight`` mean anything. ``answered_at`` is the time of the
    oldest answer in the transcript, if there is one.
    """

    session_key: str
    at_ms: int
    tells_pending: bool
    pending: list[PendingInput]
    pending_total: int | None
    in_flight: InFlight | None
    answered_at: int | None
    row: Row | None = None
    completions: tuple[Completion, ...] = ()


class ProbeFailed(Struct):
    """The gateway would not answer a probe of this session; it is not asked again at once."""

    session_key: str
    at_ms: int
