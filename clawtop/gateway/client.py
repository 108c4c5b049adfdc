"""What clawtop tells a gateway about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clawtop.gateway.keyring import Keyring


@dataclass(frozen=True)
class Client:
    """What ``connect`` says about us. There is no custom client id; others are refused.

    ``keys``: what can prove which device this is, where a secret alone does not do.
    """

    version: str
    platform: str
    display_name: str
    instance_id: str
    keys: Keyring | None = field(default=None, repr=False, compare=False)

    def params(self) -> dict[str, Any]:
        return {
            "id": "gateway-client",
            "mode": "backend",
            "version": self.version,
            "platform": self.platform,
            "displayName": self.display_name,
            "instanceId": self.instance_id,
        }
