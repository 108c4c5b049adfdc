"""Strict parameter tables: what a method requires, what it allows, and since when.

A name behind ``+`` exists on September only. Types: s text, i whole number, b truth value,
o object, * anything; ``!`` marks a required one.
"""

from clawtop.demo.model import Generation, Obj, RpcError

_LIST = (
    "limit:i offset:i activeMinutes:i includeGlobal:b includeUnknown:b "
    "configuredAgentsOnly:b includeDerivedTitles:b includeLastMessage:b label:s spawnedBy:s "
    "agentId:s search:s +activeOnly:b +archived:b +sortBy:s +requireLastInteraction:b"
)
_SEND = "message!s idempotencyKey!s deliver:b thinking:s attachments:* timeoutMs:i +queueMode:s"
_ASK = (
    "command!s commandArgv:* cwd:s host:s nodeId:s security:s ask:s agentId:s sessionKey:s "
    "resolvedPath:s warningText:s id:s timeoutMs:i twoPhase:b env:* systemRunPlan:* "
    "turnSourceChannel:s turnSourceTo:s turnSourceAccountId:s turnSourceThreadId:* "
    "+runId:s +toolCallId:s +sessionId:s"
)
_ASK_PLUGIN = (
    "title!s description!s severity:s pluginId:s toolName:s toolCallId:s agentId:s "
    "sessionKey:s timeoutMs:i twoPhase:b id:s turnSourceChannel:s"
)
_DECIDE = "id!s decision!s +reviewer:* +grantExpiresInDays:i"
_EVENT = (
    "text!s deviceId:s instanceId:s host:s ip:s mode:s version:s platform:s reason:s "
    "roles:* scopes:* tags:* lastInputSeconds:i deviceFamily:s modelIdentifier:s "
    "+sessionKey:s +wake:b +idempotencyKey:s"
)
PARAMS = {
    "status": "includeChannelSummary:b",
    "health": "probe:b +includeSensitive:b",
    "sessions.list": _LIST,
    "sessions.describe": "key!s includeDerivedTitles:b",
    "sessions.abort": "key:s runId:s agentId:s +clearQueued:b",
    "sessions.reset": "key!s reason:s +agentId:s +expectedSessionId:s",
    "sessions.delete": "key!s deleteTranscript:b emitLifecycleHooks:b +expectedSessionId:s "
    "+expectedLifecycleRevision:s +archivedOnly:b",
    "sessions.send": "key!s message!s idempotencyKey:s thinking:s attachments:* timeoutMs:i",
    "sessions.steer": "key!s message!s idempotencyKey:s",
    "sessions.recover": "key!s +expectedSessionId:s",
    "chat.history": "sessionKey!s limit:i maxChars:i +offset:i +cursor:s",
    "chat.abort": "sessionKey!s runId:s",
    "chat.send": "sessionKey!s " + _SEND,
    "gateway.restart.preflight": "",
    "diagnostics.lanes": "",
    "sessions.unsubscribe": "",
    "diagnostics.stability": "limit:i type:s sinceSeq:i",
    "logs.tail": "cursor:i limit:i maxBytes:i",
    "exec.approval.list": "",
    "plugin.approval.list": "",
    "openclaw.approval.list": "",
    "exec.approval.get": "id!s",
    "exec.approval.request": _ASK,
    "plugin.approval.request": _ASK_PLUGIN,
    "exec.approval.resolve": _DECIDE,
    "plugin.approval.resolve": _DECIDE,
    "approval.get": "id!s",
    "exec.approval.waitDecision": "id!s",
    "plugin.approval.waitDecision": "id!s",
    "approval.history": "cursor:s limit:i kind:s",
    "approval.resolve": "id!s kind!s decision!s",
    "tasks.list": "status:* agentId:s sessionKey:s limit:i cursor:s",
    "tasks.get": "taskId!s",
    "tasks.cancel": "taskId!s reason:s",
    "system-presence": "",
    "last-heartbeat": "",
    "set-heartbeats": "enabled!b",
    "system-event": _EVENT,
    "agents.list": "",
    "gateway.identity.get": "",
    "cron.list": "includeDisabled:b limit:i offset:i query:s enabled:* sortBy:s sortDir:s "
    "+agentId:s",
    "gateway.restart.request": "reason:s skipDeferral:b +target:o +restartIntent:*",
}
#: Methods that ignore what they do not know (measured on 2026.5.28 and 2026.9.6).
LENIENT = {
    "status",
    "health",
    "gateway.restart.preflight",
    "diagnostics.stability",
    "diagnostics.lanes",
    "system-presence",
    "last-heartbeat",
    "set-heartbeats",
    "exec.approval.list",
    "plugin.approval.list",
    "openclaw.approval.list",
}
#: Methods that did so on 2026.5.28 alone.
LENIENT_APRIL = {"sessions.subscribe", "wake"}
#: Smallest and largest whole number of a parameter; None: there is no largest.
RANGES: dict[tuple[str, str], tuple[int, int | None]] = {
    ("sessions.list", "limit"): (1, None),
    ("logs.tail", "cursor"): (0, None),
    ("diagnostics.stability", "limit"): (1, 1000),
}
#: Methods that have one text for every complaint.
OWN_WORDS = {
    "diagnostics.stability": "limit must be between 1 and 1000",
    "set-heartbeats": "invalid set-heartbeats params: enabled (boolean) required",
    "approval.history": "invalid approval.history params",
}
_SUBSCRIBE = _LIST
_WAKE = "mode!s text!s sessionKey:s +agentId:s"
_TYPES: dict[str, tuple[type, ...]] = {"s": (str,), "i": (int,), "b": (bool,), "o": (dict,)}
_NAMES = {"s": "string", "i": "integer", "b": "boolean", "o": "object"}


def spec_of(method: str, generation: Generation) -> dict[str, tuple[str, bool]] | None:
    """Return name to (type letter, required), or None for a method without a table."""
    table = {**PARAMS, "sessions.subscribe": _SUBSCRIBE, "wake": _WAKE}
    if method not in table:
        return None
    result = {}
    for word in table[method].split():
        if word.startswith("+") and generation == "april":
            continue
        name, mark = word.lstrip("+")[:-2], word[-2:]
        result[name] = (mark[1], mark[0] == "!")
    return result


def problem(spec: dict[str, tuple[str, bool]], params: Obj, lenient: bool) -> str | None:
    """Return the first complaint about the parameters, in the gateway's words."""
    for name, (letter, required) in spec.items():
        if name not in params:
            if required:
                return f"must have required property '{name}'"
            continue
        value, types = params[name], _TYPES.get(letter)
        wrong = types is not None and not isinstance(value, types)
        if wrong or (letter == "i" and isinstance(value, bool)):
            return f"at /{name}: must be {_NAMES[letter]}"
    unknown = [] if lenient else [name for name in params if name not in spec]
    return f"at root: unexpected property '{unknown[0]}'" if unknown else None


def check(method: str, params: Obj, generation: Generation) -> None:
    """Raise INVALID_REQUEST when the parameters do not fit the generation's table."""
    spec = spec_of(method, generation)
    if spec is None:
        return
    lenient = method in LENIENT or (generation == "april" and method in LENIENT_APRIL)
    complaint = problem(spec, params, lenient) or _out_of_range(method, params)
    if complaint:
        raise RpcError("INVALID_REQUEST", _worded(method, complaint))


def _out_of_range(method: str, params: Obj) -> str | None:
    """Return the complaint about a number that is too small or too large."""
    for (name, field), (low, high) in RANGES.items():
        if name != method or field not in params:
            continue
        if params[field] < low or (high is not None and params[field] > high):
            return f"at /{field}: must be >= {low}"
    return None


def _worded(method: str, complaint: str) -> str:
    """Return the error text."""
    return OWN_WORDS.get(method, f"invalid {method} params: {complaint}")
