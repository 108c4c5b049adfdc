"""How many faults the ordinary tests inject: counted from their own tables."""

from __future__ import annotations

from tests.gateway.acting.deeds import DEEDS
from tests.gateway.acting.faults import FAULTS, faults_of
from tests.gateway.links.test_every_break import CASES


def injected() -> dict[str, str]:
    """The figures of the tables of faults."""
    return {
        "actions": f"{len(DEEDS)}",
        "faults of an action": f"{len(FAULTS)}",
        "actions tried under a fault": f"{sum(len(faults_of(deed)) for deed in DEEDS)}",
        "breaks of a link": f"{len(CASES)}",
    }
