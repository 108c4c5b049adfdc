"""What every action has: it is written down before and after, timed, and told about meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable

from clawtop.errors import ClawtopError, RefusedError
from clawtop.gateway.actionlog import ActionLog
from clawtop.gateway.watch import Watcher
from clawtop.remedies.outcome import Action

OnProgress = Callable[[Action], None]


class UnderWay:
    """One action under way. ``action`` is filled in as facts come."""

    def __init__(
        self,
        watcher: Watcher,
        action: Action,
        *,
        log: ActionLog,
        on_progress: OnProgress | None = None,
    ) -> None:
        self.watcher, self.action, self.log = watcher, action, log
        self._on_progress = on_progress
        self._log_id = ""

    async def run(self) -> Action:
        """The whole action; its outcome is always one of the contract's words."""
        began = time.monotonic()
        self._log_id = self.log.begin(self.action, self.watcher.clock.now_ms())
        try:
            await self._perform()
        except ClawtopError as error:
            self._stopped(error)
        except BaseException:  # cancelled, or what nobody foresaw: the log is told either way
            self._interrupted()
            raise
        finally:
            self._conclude()
            self.action.took_ms = round((time.monotonic() - began) * 1000)
            self.log.end(self._log_id, self.action, self.watcher.clock.now_ms())
            self._tell()
        return self.action

    async def _perform(self) -> None:
        """Do it. Raises ClawtopError where it has to stop."""
        raise NotImplementedError

    def _end(self, outcome: str, *why: str) -> None:
        """Set the outcome, and say why."""
        raise NotImplementedError

    def _stopped(self, error: ClawtopError) -> None:
        """What was asked for and is not settled is unknown; a refusal says that it was not."""
        unknown = self.action.requested and not isinstance(error, RefusedError)
        self._end("unknown" if unknown else "refused", error.sentence())

    def _interrupted(self) -> None:
        self._end("unknown" if self.action.requested else "refused", "interrupted")

    def _conclude(self) -> None:
        """The last thing before it is written down."""

    def _tell(self) -> None:
        if self._on_progress is not None:
            self._on_progress(self.action)
