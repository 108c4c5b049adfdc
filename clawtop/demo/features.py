"""What the two generations announce in hello, and the scope every method wants.

Taken from 2026.5.28 ("april") and 2026.9.6 ("september"), cut to the methods a dashboard
could use plus ordinary neighbours; the events are complete.
"""

from collections.abc import Collection

from clawtop.demo.model import Generation, Obj, words

METHODS_BOTH = words("""
health status diagnostics.stability logs.tail sessions.list sessions.subscribe
sessions.describe sessions.preview sessions.abort sessions.send sessions.reset sessions.patch
sessions.delete sessions.create sessions.compact chat.history chat.abort chat.send
gateway.restart.preflight gateway.restart.request gateway.identity.get exec.approval.list
exec.approval.get exec.approval.request exec.approval.waitDecision exec.approval.resolve
plugin.approval.list plugin.approval.request plugin.approval.waitDecision
plugin.approval.resolve tasks.list tasks.get tasks.cancel system-presence system-event
last-heartbeat set-heartbeats wake agents.list cron.list cron.status cron.get cron.add
cron.update cron.remove cron.run cron.runs agent agent.wait config.get config.set config.patch
config.apply models.list tools.catalog tools.invoke channels.status node.list device.pair.list
device.pair.approve update.status usage.status exec.approvals.get exec.approvals.set
skills.status commands.list
""")
METHODS_APRIL = ["sessions.unsubscribe"]
METHODS_SEPTEMBER = words("""
diagnostics.lanes sessions.recover gateway.suspend.prepare gateway.suspend.status
gateway.suspend.resume exec.approval.grants.list exec.approval.grants.revoke
openclaw.approval.list approval.get approval.resolve approval.history tasks.retry
tasks.dismiss tasks.history audit.list audit.activity.list audit.run.inspect system.info
plugins.list hooks.status
""")
EVENTS_BOTH = words("""
connect.challenge agent chat session.message session.operation session.tool sessions.changed
presence tick talk.mode talk.event shutdown health heartbeat cron node.pair.requested
node.pair.resolved node.invoke.request device.pair.requested device.pair.resolved
voicewake.changed voicewake.routing.changed exec.approval.requested exec.approval.resolved
plugin.approval.requested plugin.approval.resolved update.available
""")
EVENTS_APRIL = words("")
EVENTS_SEPTEMBER = words("""
chat.metadata.changed models.snapshot ui.command session.approval session.observer
session.sharing session.sharing.evidence session.suggestion session.typing
controlUi.sessionPullRequests.changed plugins.controlUi.changed talk.voice.change
gateway.suspension task task.suggestion node.presence node.hostStats
node.runnerInventory.changed node.invoke.cancel node.invoke.input device.pair.changed
device.pair.setup.completed device.pair.setup.deliveryUncertain users.prefs.changed
skills.changed plugins.changed plugins.install.progress question.requested question.resolved
openclaw.approval.requested openclaw.approval.resolved terminal.data terminal.exit
update.run.changed portal.changed progressCard.changed mentions.changed
""")
CAPABILITIES = words("""
board-widget-put-canvas-doc chat-send-routing-contract gateway-restart-target-safe-v1
model-catalog-snapshot node-worker-bundle-retention-v1 node-worker-bundle-status-v1
node-worker-captured-exec-policy node-worker-environment-session-v1
node-worker-portal-stream-v1 profile-binding-v1 published-model-catalog
progress-card-agent-scope-v1 session-scoped-chat-metadata session-scoped-model-catalog
session-unread-ack-contract session-goal-start-v1 session-settings-contract
session-settings-cas-v1 openclaw-chat-wizard-cancel openclaw-setup-model-ref
taskSuggestions.acceptModes
""")
#: What the companion plugin adds.
METHODS_COMPANION = words("clawtop.snapshot clawtop.release clawtop.dropEvent")
#: Callable on 2026.5.28 although not announced.
UNLISTED = frozenset({"sessions.steer", "sessions.resolve", "chat.inject"})

SCOPES = {
    "operator.read": words("""
health status diagnostics.stability diagnostics.lanes logs.tail sessions.list
sessions.describe sessions.preview sessions.subscribe sessions.unsubscribe chat.history
last-heartbeat system-presence cron.list cron.status cron.get cron.runs tasks.list tasks.get
gateway.restart.preflight gateway.identity.get agents.list channels.status node.list
config.get audit.list audit.activity.list audit.run.inspect tasks.history models.list
gateway.suspend.status system.info hooks.status plugins.list tools.catalog update.status
usage.status skills.status commands.list sessions.resolve clawtop.snapshot
"""),
    "operator.write": words("""
sessions.abort sessions.send sessions.steer sessions.create sessions.recover chat.send
chat.abort tasks.cancel tasks.retry tasks.dismiss wake agent agent.wait tools.invoke
"""),
    "operator.approvals": words("""
exec.approval.list exec.approval.get exec.approval.request exec.approval.resolve
exec.approval.waitDecision plugin.approval.list plugin.approval.request
plugin.approval.waitDecision plugin.approval.resolve approval.get approval.resolve
approval.history openclaw.approval.list exec.approval.grants.list exec.approval.grants.revoke
"""),
    "operator.pairing": ["device.pair.list", "device.pair.approve"],
}
_SCOPE_OF = {method: scope for scope, methods in SCOPES.items() for method in methods}


def methods(
    generation: Generation, hidden: Collection[str] = (), *, companion: bool = False
) -> list[str]:
    """Return the method names announced in hello, without the hidden ones."""
    own = METHODS_APRIL if generation == "april" else METHODS_SEPTEMBER
    added = METHODS_COMPANION if companion else []
    return [name for name in (*METHODS_BOTH, *own, *added) if name not in hidden]


def features(
    generation: Generation, hidden: Collection[str] = (), *, companion: bool = False
) -> Obj:
    """Return the ``features`` object of hello; only September has capabilities."""
    own = EVENTS_APRIL if generation == "april" else EVENTS_SEPTEMBER
    listed = methods(generation, hidden, companion=companion)
    result: Obj = {"methods": listed, "events": [*EVENTS_BOTH, *own]}
    if generation == "september":
        result["capabilities"] = list(CAPABILITIES)
    return result


def scope_of(method: str, generation: Generation) -> str:
    """Return the scope a method wants; everything not listed wants operator.admin.

    ``sessions.patch`` became operator.write on 2026.9.6.
    """
    if method == "sessions.patch" and generation == "september":
        return "operator.write"
    return _SCOPE_OF.get(method, "operator.admin")


def allowed(scope: str, granted: tuple[str, ...]) -> bool:
    """Whether the granted scopes cover one: admin covers all, write covers read."""
    if scope in granted or "operator.admin" in granted:
        return True
    return scope == "operator.read" and "operator.write" in granted
