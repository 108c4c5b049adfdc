"""Incidents that a test makes up; the real engine finds them when the gateway sends its health."""

from __future__ import annotations

from typing import Any

from clawtop.incidents.incident import Act, Severity, Way
from clawtop.incidents.scene import Finding, Kind, Scene, Subject
from clawtop.picture.records import Proof
from tests.screen.stage import Stage

SLOTS = 12


class Plot:
    """Up to a dozen incidents; ``I-90`` is the first. ``tell`` makes the engine look again."""

    def __init__(self) -> None:
        self.findings: dict[int, Finding] = {}
        self.kinds = tuple(self._kind(number) for number in range(SLOTS))

    def _kind(self, number: int) -> Kind:
        def look(scene: Scene, _name: str) -> Finding | None:
            return self.findings.get(number)

        name = f"made up {number}"
        return Kind(f"I-{90 + number}", name, Subject.GATEWAY, look, ("#123",))

    def find(
        self, number: int, session_key: str | None, severity: str = "warning", **more: Any
    ) -> None:
        """This incident is there from now on, or looks different from now on."""
        told: dict[str, Any] = {
            "certainty": Proof.LIKELY,
            "summary": f"summary of {number}",
            "evidence": [f"evidence of {number}"],
            "ruled_out": [f"not a look-alike of {number}"],
            "ways": [Way(Act.ADVICE, text="wait a little")],
        }
        self.findings[number] = Finding(
            severity=Severity(severity), session_key=session_key, **told | more
        )

    def lose(self, number: int) -> None:
        self.findings.pop(number, None)

    def tell(self, on: Stage) -> None:
        on.world.send_health()
