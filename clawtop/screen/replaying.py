"""The keys that move through a recording. On a live gateway they say that there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from clawtop.screen.app import ClawtopApp

NO_RECORDING = "this key moves through a recording: clawtop replay FILE"


class Recording(Protocol):
    """What a player can do beside what a watcher can. Times are ms."""

    def pause(self) -> None: ...

    def scrub(self, by_ms: int) -> None: ...

    def jump(self, delta: int) -> str: ...


class Replaying:
    """Actions of the dashboard in a replay. Mixed into the app."""

    def _recording(self) -> Recording | None:
        """What is played; None, and said so, on a live gateway."""
        app = cast("ClawtopApp", self)
        if app.watcher is None or not app.watcher.past:
            app.say(NO_RECORDING)
            return None
        return cast("Recording", app.watcher)

    def action_replay_pause(self) -> None:
        recording = self._recording()
        if recording is not None:
            recording.pause()
            cast("ClawtopApp", self).dirty()

    def action_replay_scrub(self, minutes: int) -> None:
        recording = self._recording()
        if recording is not None:
            recording.scrub(minutes * 60_000)
            cast("ClawtopApp", self).dirty()

    def action_replay_incident(self, delta: int) -> None:
        """To where the next or the previous incident could first be named."""
        recording = self._recording()
        if recording is not None:
            cast("ClawtopApp", self).say(recording.jump(delta))
            cast("ClawtopApp", self).dirty()
