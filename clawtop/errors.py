"""Every error clawtop raises on purpose: one sentence each, and what to do next.

    ClawtopError
    ├── UsageError           the command line is wrong                      exit 2
    ├── FindError            no usable address or secret was found          exit 3
    ├── ConnectError         the gateway was not reached or refused us      exit 3
    │   ├── SignInError      it answered, and retrying cannot cure it       exit 3
    │   └── PairingError     a person has to approve this device first      exit 3
    ├── RefusedError         clawtop declined to act; nothing was sent      exit 1
    ├── IncompleteError      done in part; what is there is good            exit 5
    ├── NotAllowedError      a method outside this link's allow-list        exit 1
    └── CallError            a request that did not get a good answer       exit 4
        ├── GatewayError     the gateway said no (code, message, details)   exit 5
        ├── NoAnswerError    the deadline passed; says whether it was sent  exit 4
        ├── UnclearError     an answer came and says nothing we understand  exit 4
        └── LinkLostError    the link broke; says whether it was sent       exit 4

A leaf: it imports nothing of clawtop. Messages never hold a secret.
"""

from __future__ import annotations

from typing import Any

# Words that others look for in a sentence.
NO_FRAMES = "nothing came for two ticks"
NO_ANSWER = "did not answer in time"
NO_ANSWER_TO = "no answer to"
ALIVE = "is alive, but"


class ClawtopError(Exception):
    """Base of all. ``message`` says what failed and why, ``next_step`` what to do about it."""

    exit_code = 1
    code = "error"

    def __init__(self, message: str, next_step: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        if code is not None:
            self.code = code

    def sentence(self) -> str:
        """The whole sentence for a person: what failed, then what to do."""
        parts = [part.rstrip(".") + "." for part in (self.message, self.next_step) if part]
        return " ".join(parts)


class UsageError(ClawtopError):
    """The command line is wrong."""

    exit_code = 2
    code = "usage"


class FindError(ClawtopError):
    """No usable address or secret: a broken config, an unreadable secret file."""

    exit_code = 3
    code = "not_found"


class ConnectError(ClawtopError):
    """The gateway could not be reached, or it is not one, or it is not ready yet."""

    exit_code = 3
    code = "connect"


class SignInError(ConnectError):
    """The gateway answered and refused; trying again cannot cure it."""

    code = "sign_in"


class PairingError(ConnectError):
    """The gateway waits for a person to approve this device. ``request_id``: what to approve;
    ``approved``: the scopes it has already, where it asks for more."""

    code = "pairing_required"

    def __init__(
        self, message: str, next_step: str, *, request_id: str, approved: tuple[str, ...] = ()
    ) -> None:
        super().__init__(message, next_step)
        self.request_id = request_id
        self.approved = approved


class RefusedError(ClawtopError):
    """clawtop declined to act. Nothing was sent."""

    exit_code = 1
    code = "refused"


class NotAllowedError(ClawtopError):
    """A method that this link's sender does not know. Nothing was sent."""

    exit_code = 1
    code = "not_allowed"


class IncompleteError(ClawtopError):
    """It was done in part, and what is there is good."""

    exit_code = 5
    code = "incomplete"


class CallError(ClawtopError):
    """A request without a good answer. ``sent`` says whether the frame left this process."""

    exit_code = 4
    code = "call"
    sent: bool = True


class GatewayError(CallError):
    """The gateway's own refusal: it got the request and said no."""

    exit_code = 5
    code = "gateway"

    def __init__(
        self,
        method: str,
        gateway_code: str,
        message: str,
        *,
        details: dict[str, Any] | None = None,
        retry_after_ms: int | None = None,
    ) -> None:
        super().__init__(f"the gateway refused {method}: {message}")
        self.method = method
        self.gateway_code = gateway_code
        self.gateway_message = message
        self.details = details or {}
        self.retry_after_ms = retry_after_ms

    @property
    def reason(self) -> str:
        """The gateway's own short word for it (``details.reason`` or ``details.code``), or ''."""
        word = self.details.get("reason") or self.details.get("code") or ""
        return word if isinstance(word, str) else ""


class NoAnswerError(CallError):
    """The deadline passed without an answer; the request may still take effect."""

    code = "no_answer"

    def __init__(self, method: str, seconds: float, *, sent: bool) -> None:
        super().__init__(f"{NO_ANSWER_TO} {method} within {seconds:g} s")
        self.method = method
        self.sent = sent


class UnclearError(CallError):
    """An answer came and was not understood: neither a yes nor a no."""

    code = "unclear"

    def __init__(self, method: str) -> None:
        super().__init__(f"the answer to {method} was not understood")
        self.method = method


class LinkLostError(CallError):
    """The link broke while a request was under way."""

    code = "link_lost"

    def __init__(self, method: str, why: str, *, sent: bool) -> None:
        super().__init__(f"the link broke during {method}: {why}")
        self.method = method
        self.sent = sent
