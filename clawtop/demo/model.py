"""Plain records of the scripted world. All times are ms since the epoch unless noted."""

import itertools
import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Obj = dict[str, Any]
Generation = Literal["april", "september"]
RunHolder = Literal["rpc", "channel", "heartbeat"]
Holder = Literal["rpc", "channel", "heartbeat", "orphan", "hook", "delivery"]
Phase = Literal["queued", "running", "aborted"]
Via = Literal["rpc", "channel"]
VERSION: Mapping[Generation, str] = {"april": "2026.5.28", "september": "2026.9.6"}


class Ids:
    """Fresh uuids as text, the way the gateway names runs and approvals.

    Random ones, unless ``seed`` made them repeatable.
    """

    def __init__(self) -> None:
        """Start with random ones."""
        self._chance: random.Random | None = None

    def seed(self, seed: int | None) -> None:
        """Give the same ids again from now on; None: random ones."""
        self._chance = None if seed is None else random.Random(seed)

    def __call__(self) -> str:
        """Return the next one."""
        bits = self._chance.getrandbits(128) if self._chance is not None else uuid.uuid4().int
        return str(uuid.UUID(int=bits, version=4))


new_id = Ids()
_tokens = itertools.count(1)


def new_token() -> str:
    """A name for one operation or one queued line, as the companion gives it."""
    return f"demo-{next(_tokens)}"


def words(text: str) -> list[str]:
    """Split a text into its words; long name lists are easier to read that way."""
    return text.split()


class RpcError(Exception):
    """An error answer: gateway error code, message and optional extras."""

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        """Keep the parts; ``extra`` becomes retryable, retryAfterMs, details."""
        super().__init__(message)
        self.code, self.message, self.extra = code, message, extra

    def as_obj(self) -> Obj:
        """Return the ``error`` object of a response frame."""
        return {"code": self.code, "message": self.message, **self.extra}


@dataclass
class Run:
    """A live run: its owner exists and may make progress.

    takes_ms: how long it works before it ends by itself (None: until it is ended).
    queued_at: it waits for a slot of its lane since then; ahead: how many were queued and
    active in that lane when it came.
    """

    run_id: str
    holder: RunHolder
    started_at: int
    preparing: bool = False
    text: str = ""
    answer: str = "done"
    seq: int = 0
    last_event: Obj | None = None
    auto_end_at: int | None = None
    takes_ms: int | None = None
    progress_at: int = 0
    queued_at: int | None = None
    ahead: tuple[int, int] = (0, 0)
    said: str = ""


@dataclass
class Lock:
    """The reply-run lock of one session key; ``holder`` says what kind of owner it has.

    orphan = registry entry whose owner is gone; hook = owner stuck in a plugin hook, so the
    session lane is taken as well; delivery = the run is over and its reply is never delivered.
    ``release_at`` is set once an abort was asked for. ``token``: the companion's name for it.
    """

    phase: Phase
    session_id: str
    holder: Holder
    since: int
    release_at: int | None = None
    last_wait_at: int = 0
    token: str = field(default_factory=new_token)


@dataclass
class QueuedLine:
    """A system event that waits for the next turn of its session."""

    text: str
    at: int
    context_key: str | None = None
    token: str = field(default_factory=new_token)


@dataclass
class Waiting:
    """A message accepted and not yet taken by a turn."""

    text: str
    via: Via
    accepted_at: int
    run_id: str = field(default_factory=new_id)
    id: str = field(default_factory=new_id)
    state: Literal["queued", "cancelled", "interrupted"] = "queued"


@dataclass
class Session:
    """One stored session row plus the memory state behind it.

    turns counts answered ones. lane_taken: a dead owner's task still sits in the session lane
    although the lock is gone, so the next message takes the lock and hangs (2026.5.28; until
    ``lane_free_at`` on 2026.9.6). undelivered: the channel no longer delivers replies.
    """

    key: str
    session_id: str
    created_at: int
    updated_at: int
    status: str | None = "done"
    started_at: int | None = None
    ended_at: int | None = None
    channel: str | None = None
    kind: str = "direct"
    label: str | None = None
    parent_key: str | None = None
    turns: int = 1
    aborted_last_run: bool = False
    last_run_id: str | None = None
    run: Run | None = None
    lock: Lock | None = None
    lane_taken: bool = False
    lane_free_at: int | None = None
    undelivered: bool = False
    recovering: int | None = None
    recovering_age: int = 0
    warned: int = 0
    waiting: list[Waiting] = field(default_factory=list)
    messages: list[Obj] = field(default_factory=list)
    extra: Obj = field(default_factory=dict)

    @property
    def agent_id(self) -> str:
        """Agent part of an ``agent:<id>:<rest>`` key, else "main"."""
        parts = self.key.split(":")
        return parts[1] if len(parts) > 2 and parts[0] == "agent" else "main"

    @property
    def id_match(self) -> bool:
        """Whether the lock carries the stored session id."""
        return self.lock is not None and self.lock.session_id == self.session_id

    def queued(self, via: Via) -> list[Waiting]:
        """Messages that still wait and came this way, oldest first."""
        return [item for item in self.waiting if item.via == via and item.state == "queued"]


@dataclass
class Approval:
    """One approval record, pending until ``status`` says otherwise."""

    id: str
    kind: Literal["exec", "plugin", "system-agent"]
    request: Obj
    created_at: int
    expires_at: int
    status: str = "pending"
    decision: str | None = None
    reason: str | None = None
    resolved_at: int | None = None
    resolver: Obj | None = None
    owner: int | None = None
    run_bound: bool = False

    @property
    def session_key(self) -> str | None:
        """Key of the session that asks, if any."""
        key = self.request.get("sessionKey")
        return key if isinstance(key, str) else None


@dataclass(frozen=True)
class Out:
    """An event on its way out, with the conditions a client must meet to get it.

    targeted frames carry no seq on the April generation (measured on 2026.5.28).
    """

    event: str
    payload: Any
    scope: str | None = None
    targeted: bool = False
    subscribed: bool = False
    approvals: str | None = None
    owner: int | None = None
    state_version: bool = False
