"""What clawtop tells a gateway about itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Client:
    """What ``connect`` says about us. There is no custom client id; others are refused."""

    version: str
    platform: str
    display_name: str
    instance_id: str

    def params(self) -> dict[str, Any]:
        return {
            "id": "gateway-client",
            "mode": "backend",
            "version": self.version,
            "platform": self.platform,
            "displayName": self.display_name,
            "instanceId": self.instance_id,
        }
