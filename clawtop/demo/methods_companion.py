"""Answers to the companion's three methods; a gateway without it does not know them."""

from clawtop.demo import companion
from clawtop.demo.methods import Call, Handler
from clawtop.demo.model import Obj

MUTE = companion.refusal("switched-off", "allowRelease is not true")


def snapshot(call: Call) -> object:
    """``clawtop.snapshot``; nonsense parameters are as good as none."""
    since, instance = call.params.get("sinceSeq"), call.params.get("instance")
    known = since if isinstance(since, int) else None
    return companion.answer(call.world, known, instance if isinstance(instance, str) else None)


def release(call: Call) -> object:
    """``clawtop.release``."""
    target = _target(call)
    return target if isinstance(target, dict) else companion.release(call.world, *target)


def drop_event(call: Call) -> object:
    """``clawtop.dropEvent``."""
    target = _target(call)
    return target if isinstance(target, dict) else companion.drop_event(call.world, *target)


def _target(call: Call) -> Obj | tuple[str, str]:
    """Key and token, or why nothing may be done."""
    if not call.world.allow_release:
        return MUTE
    key, token = call.params.get("key"), call.params.get("token")
    if isinstance(key, str) and isinstance(token, str) and key and token:
        return key, token
    return companion.refusal("bad-params", "key and token are needed")


HANDLERS: dict[str, Handler] = {
    "clawtop.snapshot": snapshot,
    "clawtop.release": release,
    "clawtop.dropEvent": drop_event,
}
