"""Real OpenClaw gateways on loopback, made to misbehave on purpose.

What clawtop shows is compared with what the gateway's own memory holds.
"""

from .gateway import GatewayStartError, RealGateway
from .install import InstallError, install
from .operator import CallError, Operator
from .provider import FakeProvider

__all__ = [
    "CallError",
    "FakeProvider",
    "GatewayStartError",
    "InstallError",
    "Operator",
    "RealGateway",
    "install",
]
