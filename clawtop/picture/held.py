"""All sessions, and which of them are held: facts by key in, lock records out.

Only sessions that changed, or whose reading changes with time, are judged again. Rows that
merely claim to run are judged last, because the anonymous count of embedded runs decides them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from itertools import islice

from msgspec import structs

from clawtop.picture import changes as c
from clawtop.picture.approvals import Backlog
from clawtop.picture.companion import CompanionRead
from clawtop.picture.counts import READS, Anonymous, Reading
from clawtop.picture.hold import Context
from clawtop.picture.locks import judge, next_change_ms
from clawtop.picture.logs import Note
from clawtop.picture.records import Lock, Verdict, Waiting
from clawtop.picture.registry import Registry
from clawtop.picture.sessions import SessionFacts, Stall, whole
from clawtop.picture.waiting import waiting_of_session

ROUNDED_MS = 2_000
SET_BACK_MS = 60_000  # less is a frame that came late
RUNS = 20_000  # whose session is remembered; of more, the oldest that hold nothing are forgotten
MOST_SESSIONS = 120_000  # about 100 MB; a gateway that names more is shown in part


class HeldSessions:
    """Session facts and the locks they amount to. Times are gateway ms."""

    def __init__(self, stale_after_ms: int, backlog: Backlog) -> None:
        self.stale_after_ms = stale_after_ms
        self.now_ms = 0
        self.watch_since_ms: int | None = None
        self.true_flags = False
        self.sessions: dict[str, SessionFacts] = {}
        self.locks: dict[str, Lock] = {}
        self.anonymous = Anonymous()
        self.registry = Registry()
        self._backlog = backlog
        self.verdicts: Counter[str] = Counter()
        self.stuck: set[str] = set()
        self.worked_ms = 0  # when a session was last at work, of those that are not now
        self.judged: set[str] = set()  # since the store last took them
        self._runs: dict[str, str] = {}
        self._most_runs = RUNS
        self._dirty: set[str] = set()
        self._moved: set[str] = set()
        self._claims: set[str] = set()
        self._unsure: set[str] = set()  # locks of sessions that merely claim to run
        self._due: dict[str, int] = {}
        self._deadlines: list[tuple[int, str]] = []

    def facts(self, key: str) -> SessionFacts:
        """The facts of one session, made when it is new; it will be judged again."""
        found = self.sessions.get(key)
        if found is None:
            if len(self.sessions) >= MOST_SESSIONS:
                self._make_room()
            found = self.sessions[key] = SessionFacts(key)
        found.touched_ms = self.now_ms
        self._dirty.add(found.key)  # everywhere the one string that is kept anyway
        return found

    def _make_room(self) -> None:
        """Forget a tenth: those that hold nothing first, the longest known first."""
        order = sorted(self.sessions, key=lambda key: key in self.locks)
        for key in order[: MOST_SESSIONS // 10]:
            self.forget(key)

    def mark(self, key: str | None) -> None:
        """Judge this session again, if it is known."""
        found = self.sessions.get(key) if key is not None else None
        if found is not None:
            self._dirty.add(found.key)

    def waited(self, key: str | None) -> None:
        """An approval of this session is pending no more: until now it waited lawfully."""
        if key in self.sessions:
            self.facts(key).waited_ms = self.now_ms

    def mark_all(self) -> None:
        self._dirty |= set(self.sessions)

    def at(self, value: object) -> int:
        """A change's own time, never in our future: a bad clock must not freeze a row."""
        if type(value) is int and 0 < value < self.now_ms:
            return value
        at_ms = whole(value)
        return at_ms if at_ms is not None and at_ms < self.now_ms else self.now_ms

    # -- in

    def rows_listed(self, change: c.RowsListed) -> None:
        """A listing; sessions a complete one leaves out are gone."""
        at_ms = self.at(change.ts)
        seen = set()
        for row in change.rows:
            key = _key_of(row)
            if key:
                seen.add(key)
                self._note_flags(row)
                self.facts(key).take_row(row, at_ms)
        if change.complete:
            self._forget_others(seen, at_ms)

    def _note_flags(self, row: c.Row | None) -> None:
        """Rows with these fields flag every held session (measured from 2026.7.1 on)."""
        if self.true_flags or row is None:
            return
        self.true_flags = isinstance(row.snapshot_at, int | float) or isinstance(
            row.active_run_ids, list
        )

    def _forget_others(self, seen: set[str], at_ms: int) -> None:
        for key in [key for key in self.sessions if key not in seen]:
            one = self.sessions[key]
            if one.row_at_ms < at_ms and one.run is None and one.exact is None:
                self.forget(key)

    def key_of_run(self, run_id: str | None) -> str | None:
        """The session of a run that was seen to start, or that holds one now."""
        return self._runs.get(run_id) if run_id else None

    def forget(self, key: str) -> None:
        """The session is gone; so is its lock."""
        if self.sessions.pop(key, None) is not None:
            self._dirty.add(key)

    def changed(self, change: c.SessionChanged) -> None:
        """``sessions.changed``."""
        if not change.session_key:
            return
        if change.reason == "delete":
            self.forget(change.session_key)
            return
        self._note_flags(change.row)
        self.facts(change.session_key).take_changed(change, self.at(change.ts))
        if change.run_id and change.phase == "start":
            self._note_run(change.run_id, change.session_key)

    def activity(self, change: c.RunActivity) -> None:
        """``agent``. Later events of a run may leave out its session."""
        key = change.session_key or self._runs.get(change.run_id)
        if not key or self._only_progress(key, change):
            return
        self.facts(key).take_activity(change, self.at(change.ts))
        phase = change.data.phase if change.data else None
        if change.stream == "lifecycle" and phase in ("end", "error"):
            self._runs.pop(change.run_id, None)
        else:
            self._note_run(change.run_id, key)

    def _note_run(self, run_id: str, key: str) -> None:
        """Remember whose run it is, under the strings that are kept anyway."""
        found = self.sessions[key]
        if found.run is not None and found.run.run_id == run_id:
            run_id = found.run.run_id
        self._runs[run_id] = found.key
        if len(self._runs) > self._most_runs:
            for one in list(self._runs)[: len(self._runs) // 2]:
                if not self._holds(one):
                    del self._runs[one]
            self._most_runs = max(RUNS, 2 * len(self._runs))

    def _holds(self, run_id: str) -> bool:
        found = self.sessions.get(self._runs[run_id])
        return found is not None and found.run is not None and found.run.run_id == run_id

    def _only_progress(self, key: str, change: c.RunActivity) -> bool:
        """The common case, made cheap: one more sign of life of the run that we know works."""
        found = self.sessions.get(key)
        if found is None or not found.take_progress(change, self.at(change.ts)):
            return False
        lock = None if key in self._dirty else self.locks.get(key)
        if lock is not None and lock.verdict == Verdict.WORKING and lock.idle_is == "exact":
            self._moved.add(found.key)
        else:
            found.touched_ms = self.now_ms
            self._dirty.add(found.key)
        return True

    def chat(self, change: c.ChatActivity) -> None:
        """``chat``: a delta of the run we know is progress; a final with a body is an answer."""
        found = self.sessions.get(change.session_key)
        if found is None:
            return
        if change.state == "final" and change.message is not None:
            found.note_answer(change.run_id, self.now_ms)
        run = found.run
        if change.state == "delta" and run is not None and run.run_id == change.run_id:
            run.progress_ms = self.now_ms
            found.note_progress(self.now_ms)
            self._dirty.add(found.key)

    def message(self, change: c.SessionMessage) -> None:
        if change.session_key:
            self.facts(change.session_key).take_message(change, self.at(change.ts))

    def history(self, change: c.HistoryRead) -> None:
        if change.session_key in self.sessions:
            self._note_flags(change.row)
            self.facts(change.session_key).take_history(change)

    def probe_failed(self, change: c.ProbeFailed) -> None:
        if change.session_key in self.sessions:
            self.sessions[change.session_key].probed_ms = change.at_ms

    def abort_asked(self, change: c.AbortAsked) -> None:
        if change.session_key in self.sessions:
            self.facts(change.session_key).abort_asked_ms = change.at_ms

    def stalled(self, note: Note) -> None:
        """A log line about a stuck, stalled or long-running session."""
        if note.session_key not in self.sessions:
            return
        silent = note.seconds_ms("lastProgressAge")
        progress = note.at_ms - silent if silent is not None else None
        old = self.sessions[note.session_key].stall
        if old is not None and old.at_ms > note.at_ms:
            return  # read again after a new connection
        if old is not None and abs((old.progress_ms or 0) - (progress or 0)) <= ROUNDED_MS:
            progress = old.progress_ms  # whole seconds, rounded anew in each line
        self.facts(note.session_key).stall = Stall(
            at_ms=note.at_ms,
            head=note.head,
            reason=note.pairs.get("reason"),
            progress_ms=progress,
            work_kind=note.pairs.get("activeWorkKind"),
        )

    def counted(self, change: c.PreflightRead, *, counts_twice: bool) -> set[str]:
        """The anonymous count of embedded runs; returns the locks that changed by it."""
        if change.embedded_runs is None:
            return set()
        touched = self.settle()
        held = [lock for lock in self.locks.values() if lock.verdict != "ghost"]
        first = sum(1 for lock in held if not self.sessions[lock.session_key].has_turn)
        allowance = first if counts_twice else 0
        self.anonymous.read(Reading(change.at_ms, change.embedded_runs, len(held), allowance))
        self._dirty |= self._claims
        self._dirty |= {lock.session_key for lock in held if lock.verdict == "aborting"}
        return touched

    def read_registry(self, change: CompanionRead) -> None:
        """The companion's list of locks; an incomplete or unreadable one proves nothing."""
        whole_list = len(change.locks.items) >= (change.locks.total or 0)
        if not change.locks.supported or not whole_list:
            self.lose_registry()
            return
        first = self.registry.read_ms is None
        known = set(self.sessions)
        moved = self.registry.read(change, self.at(change.at), self._facts_at_rest, self._has_row)
        inferred = self.locks.keys() - self.registry.held
        self._dirty |= moved | inferred | (self.registry.held - known)
        self.anonymous.exact = True
        if first:
            self.mark_all()

    def _has_row(self, key: str) -> bool:
        found = self.sessions.get(key)
        return found is not None and found.row_at_ms > 0

    def _facts_at_rest(self, key: str) -> SessionFacts:
        """The facts of one session, without having it judged again."""
        found = self.sessions.get(key)
        return found if found is not None else self.facts(key)

    def lose_registry(self) -> None:
        """Nobody reads the registry any more: locks are inferred from here on."""
        if self.registry.read_ms is None:
            return
        for key in self.registry.held & self.sessions.keys():
            self.sessions[key].exact = None
        self.registry = Registry()
        self.anonymous.exact = False
        self.mark_all()

    def clear(self) -> None:
        """The gateway restarted: runs and locks lived in its memory."""
        for key in list(self.sessions):
            self.forget(key)
        self._runs.clear()
        self.true_flags = False
        self.anonymous.clear()
        self.lose_registry()

    def keep_time(self, now_ms: int, *, anew: bool = False) -> int:
        """Time goes on, and back only with the gateway's clock: when that was set back, or when
        a link tells it for the first time (``anew``). What the time is now."""
        if now_ms > self.now_ms:
            self.now_ms = now_ms
        elif anew or now_ms < self.now_ms - SET_BACK_MS:
            self.now_ms = now_ms
            self._deadlines.clear()
            self.watch_again(now_ms)
        return self.now_ms

    def watch_again(self, since_ms: int) -> None:
        """What we watched has a hole before ``since_ms``."""
        self.watch_since_ms = since_ms
        self.anonymous.clear()
        self.mark_all()

    # -- out

    def settle(self, limit: int | None = None) -> set[str]:
        """Judge what is dirty or due; the keys of locks that changed.

        With a ``limit`` the rest stays dirty for the next call: a storm must not cost a frame.
        """
        touched = self._note_moves()
        while self._deadlines and self._deadlines[0][0] <= self.now_ms:
            due, key = heapq.heappop(self._deadlines)
            if self._due.get(key) == due:
                del self._due[key]
                self._dirty.add(key)
        if not self._dirty:
            return touched
        before = (self._sure, len(self._claims))
        dirty = self._take_dirty(limit)
        self.judged |= dirty
        claims = {key for key in dirty if self._is_claim(key)}
        self._claims = (self._claims - dirty) | claims if self._claims or claims else set()
        touched |= {key for key in dirty - claims if self._judge(key)}
        if (self._sure, len(self._claims)) != before:
            claims |= self._claims
        return touched | {key for key in claims if self._judge(key)}

    def _take_dirty(self, limit: int | None) -> set[str]:
        if limit is None or len(self._dirty) <= limit:
            dirty, self._dirty = self._dirty, set()
            return dirty
        dirty = set(islice(self._dirty, limit))
        self._dirty -= dirty
        return dirty

    def _note_moves(self) -> set[str]:
        """Locks of which nothing but the newest progress changed."""
        moved, self._moved = self._moved, set()
        touched = set()
        for key in moved:
            lock, found = self.locks.get(key), self.sessions.get(key)
            if lock is not None and found is not None and key not in self._dirty:
                self.locks[key] = structs.replace(lock, idle_since_ms=found.progress_ms)
                touched.add(key)
        return touched

    @property
    def backlog_of_work(self) -> int:
        """Sessions still to be judged after a limited ``settle``."""
        return len(self._dirty)

    def _is_claim(self, key: str) -> bool:
        found = self.sessions.get(key)
        return (
            found is not None
            and found.status == "running"
            and not found.active
            and found.run is None
        )

    def _judge(self, key: str) -> bool:
        """Judge one session; whether its lock record changed."""
        found = self.sessions.get(key)
        if found is None:
            return self._free(key)
        if found.first_held_ms is None:
            found.first_held_ms = found.touched_ms  # not when somebody happened to look
        context = self._context(key)
        lock = judge(found, context)
        if lock is None:
            found.first_held_ms = None
            return self._free(key)
        if key in self._claims:
            self._unsure.add(key)
        else:
            self._unsure.discard(key)
        self._remember_due(key, next_change_ms(lock, found, context))
        old = self.locks.get(key)
        self.locks[key] = lock
        self._count(key, old, lock)
        return old != lock

    def _free(self, key: str) -> bool:
        self._unsure.discard(key)
        old = self.locks.pop(key, None)
        self._count(key, old, None)
        return old is not None

    def _count(self, key: str, old: Lock | None, new: Lock | None) -> None:
        """Keep the counts that titles show, so that nobody has to scan all locks for them."""
        if old is not None and old.verdict == Verdict.WORKING:
            self.worked_ms = self.now_ms
        if old is not None and new is not None and old.verdict == new.verdict:
            return
        if old is not None:
            self.verdicts[old.verdict] -= 1
        if new is not None:
            self.verdicts[new.verdict] += 1
        if new is not None and new.verdict in (Verdict.LEAKED, Verdict.STALE):
            self.stuck.add(key)
        else:
            self.stuck.discard(key)

    def waits_for_owner(self, lock: Lock) -> bool:
        """Its message waits behind a lock, not for a slot: leaked, or logged as a run at work that
        makes no progress, which a message without a slot never is (2026.5.28)."""
        found = self.sessions.get(lock.session_key)
        stall = found.stall if found is not None else None
        logged = stall is not None and stall.work_kind == "embedded_run"
        return lock.verdict == Verdict.LEAKED or logged

    @property
    def _sure(self) -> int:
        """How many locks are more than a claim."""
        return len(self.locks) - len(self._unsure)

    @property
    def held_count(self) -> int:
        """How many sessions are held; a ghost row is not one."""
        return len(self.locks) - self.verdicts[Verdict.GHOST]

    def _remember_due(self, key: str, due: int | None) -> None:
        """One outstanding deadline a session is enough: when it passes, the next is set."""
        known = self._due.get(key)
        if due is not None and (known is None or due < known):
            self._due[key] = due
            heapq.heappush(self._deadlines, (due, key))

    def _context(self, key: str) -> Context:
        latest = self.anonymous.latest
        others = self._sure - (key in self.locks and key not in self._unsure)
        asked = self.sessions[key].abort_asked_ms
        return Context(
            now_ms=self.now_ms,
            stale_after_ms=self.stale_after_ms,
            watch_since_ms=self.watch_since_ms,
            true_flags=self.true_flags,
            embedded_slack=latest.embedded - others if latest else None,
            freed=asked is not None and self._counted_free(asked),
            claims=max(len(self._claims), 1),
            approval_ids=self._backlog.of_session(key),
            others_held=others,
            registry_ms=self.registry.read_ms,
            in_lane=self.registry.in_lane(key),
        )

    def _counted_free(self, asked_ms: int) -> bool:
        """Every count since that abort, and more than one, leaves no lock that could be its.

        A count and the sessions it is compared with are read at different moments: one alone
        may be wrong. A session that is being aborted is among those counted as held.
        """
        counts = self.anonymous.since(asked_ms)
        return len(counts) >= READS and all(one.embedded < one.held for one in counts)

    def waiting(self) -> list[Waiting]:
        """Messages known to wait, in the gateway's order for each session."""
        return [one for key in self.sessions for one in self.waiting_of(key)]

    def waiting_of(self, key: str) -> list[Waiting]:
        """Messages known to wait in one session."""
        found = self.sessions.get(key)
        if found is None:
            return []
        return waiting_of_session(key, found, self.registry.followups.get(key))


def _key_of(row: c.Row) -> str | None:
    for value in (row.key, row.session_key):
        if isinstance(value, str) and value:
            return value
    return None
