"""Switches that make the scripted gateway misbehave. Everything is off by default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Faults:
    """Faults of one scripted gateway; change the fields at any time.

    silent_methods: never answered (the effect happens). late_methods: real seconds of delay
    before the answer. close_after_request: the effect happens, then the socket is closed with
    that code instead of an answer. close_before_effect: closed with 1012, nothing happens.
    error_methods: answered with that error object, no effect. connect may be named in all.
    odd_answers: the effect happens, and that payload is the answer. false_answers: that payload
    is the answer, and nothing happens. bare_answers: the effect happens, and the answer has an id
    and nothing else. other_id: the answer carries another id. meanwhile: done once, right before
    the effect: what somebody else was faster with.
    skip_seq_once: the next event of one connection leaves a hole in its numbering.
    refuse_upgrade_status: HTTP status for WebSocket upgrades. slow_drip: real seconds between
    outgoing frames. garbage_frames: nonsense follows every answer. frozen_ticks: no ticks.
    """

    silent_methods: set[str] = field(default_factory=set)
    late_methods: dict[str, float] = field(default_factory=dict)
    close_after_request: dict[str, int] = field(default_factory=dict)
    close_before_effect: set[str] = field(default_factory=set)
    error_methods: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    odd_answers: dict[str, object] = field(default_factory=dict)
    false_answers: dict[str, object] = field(default_factory=dict)
    bare_answers: set[str] = field(default_factory=set)
    other_id: set[str] = field(default_factory=set)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    skip_seq_once: bool = False
    bad_challenge: bool = False
    no_challenge: bool = False
    refuse_upgrade_status: int | None = None
    refuse_upgrade_text: str = "Gateway websocket admission closed"
    starting: bool = False
    garbage_frames: bool = False
    slow_drip: float = 0.0
    html_only: bool = False
    frozen_ticks: bool = False

    def clear(self) -> None:
        """Switch every fault off."""
        self.__dict__.update(Faults().__dict__)
