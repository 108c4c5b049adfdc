"""Healthy traffic: what a well gateway does all day, and what faults must be told from.

Short chats of people and channels, one long run of a sub-agent that works all the time, commands
that differ only in an argument and are allowed by somebody, heartbeats.
"""

from clawtop.demo.story import Story

HEARTBEAT_S = 120
CHATS = (
    ("agent:main:telegram:direct:7", "telegram"),
    ("agent:main:telegram:direct:19", "telegram"),
    ("agent:main:slack:channel:c-ops", "slack"),
    ("agent:main:webchat:anna", None),
    ("agent:main:webchat:jo", None),
)
REPORT = "agent:main:subagent:monthly-report"
DEPLOY = "agent:main:slack:channel:c-deploy"
SAYINGS = (
    ("what is on my calendar today?", "Two meetings, at ten and at two."),
    ("summarise the last mail from the lab", "They ask for the samples by Friday."),
    ("is the build green?", "Yes, since 04:12."),
    ("turn that into three bullet points", "Done: three points, forty words."),
    ("which invoices are open?", "Four, the oldest from September."),
)
PODS = ("api-1", "api-2", "worker-1", "worker-2", "edge-1")


class Traffic:
    """The healthy part of every scenario."""

    def __init__(self, story: Story) -> None:
        """Prepare the sessions, with a past."""
        self.story, self.world = story, story.world
        self.pod = 0

    def begin(self) -> None:
        """Start everything."""
        world, story = self.world, self.story
        for key, channel in CHATS:
            world.session(key, channel=channel)
        world.session(world.main_key)
        world.heartbeat_ms = HEARTBEAT_S * 1000
        world.presence.append(self._person())
        self._report()
        for first in (0.5, 1.5, 2.5)[: 3 if world.september else 1]:  # April has half the slots
            story.every(story.chance.uniform(5, 9), self._chat, first=first)
        story.every(55, self._command, first=8)

    def _person(self) -> dict[str, object]:
        """Somebody at a Control UI: the route that approvals take here."""
        return {
            "host": "control-ui",
            "mode": "webchat",
            "roles": ["operator"],
            "reason": "connect",
            "scopes": ["operator.read", "operator.write", "operator.approvals", "operator.admin"],
            "platform": "linux",
            "version": "0.1",
            "ts": self.world.now(),
            "text": "Node: control-ui · mode webchat",
        }

    def _chat(self) -> None:
        """One short turn of one session that is free."""
        story = self.story
        key, channel = story.chance.choice(CHATS)
        text, answer = story.chance.choice(SAYINGS)
        takes_s = story.chance.uniform(2, 6)
        run = story.run(key, "channel" if channel else "rpc", text, takes_s, answer)
        if run is None:
            return
        if channel:
            receipt(story, key, channel)
        story.alive(key, run, 1.0)

    def _report(self) -> None:
        """The long healthy run: minutes of steady work, a pause, and again."""
        story = self.story
        takes_s = story.chance.uniform(400, 700)
        run = story.run(REPORT, "rpc", "write the monthly report", takes_s, "The report is ready.")
        if run is not None:
            story.alive(REPORT, run, 2.0)
            story.every(1.0, lambda: self._wind_down(run))
        story.after_real(takes_s + 20, self._report)

    def _wind_down(self, run: object) -> bool:
        """A draining gateway waits for it: let it come to its end."""
        live = self.world.session(REPORT).run
        if live is None or live is not run:
            return False
        if self.world.draining:
            live.auto_end_at = min(live.auto_end_at or 0, self.world.now() + 2_000)
        return True

    def _command(self) -> None:
        """The same program for another pod: asked, and allowed by a person soon after."""
        story, world = self.story, self.world
        run = story.run(DEPLOY, "rpc", "look at the next pod", 600, "That pod is fine.")
        if run is None:
            return
        pod = PODS[self.pod % len(PODS)]
        self.pod += 1
        asked = world.request_approval(f"kubectl logs deploy/{pod} --tail 50", DEPLOY)
        story.after_real(story.chance.uniform(5, 12), lambda: allow(story, asked))
        story.every(1.0, lambda: self._go_on(run, asked))

    def _go_on(self, run: object, asked: str) -> bool:
        """Once its command was answered the run has two seconds of work left."""
        live = self.world.session(DEPLOY).run
        if live is None or live is not run:
            return False
        if asked in self.world.approvals:
            return True
        live.auto_end_at = self.world.now() + 2_000
        return False


def allow(story: Story, asked: str) -> None:
    """Somebody at the Control UI says yes."""
    from clawtop.demo import approvals

    record = story.world.approvals.get(asked)
    if record is not None:
        approvals.decide(story.world, record, "allow-once", "control-ui")


def receipt(story: Story, key: str, channel: str) -> None:
    """The lines of a channel that took a message in."""
    number = story.chance.randrange(1000, 9999)
    where = f"channel={channel} account=default sessionKey={key} messageId={number}"
    subsystem = f"gateway/channels/{channel}"
    story.world.log(f"inbound message: {where}", subsystem=subsystem)
    story.world.log(f"read receipt sent: {where}", subsystem=subsystem)
