// Crowds and rubbish in the gateway's process-wide maps, to be taken out again soon: the gateway
// reads them too.

const slot = (name) => globalThis[Symbol.for(name)];
const PREFIX = "agent:main:planted:";

function boom() {
  throw new Error("planted");
}

const traps = { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom };
const angry = Object.defineProperty({}, "phase", { enumerable: true, get: boom });
const rubbish = () => [null, undefined, 7, "text", new Proxy({}, traps), angry];

const lock = (key) => ({
  key,
  sessionId: `session of ${key}`,
  phase: "running",
  startedAtMs: Date.now(),
  lastActivityAtMs: Date.now(),
});
const event = (number) => ({ text: `planted line ${number}`, ts: Date.now(), contextKey: null });

function maps() {
  return {
    runs: slot("openclaw.replyRunRegistry").activeRunsByKey,
    queues: slot("openclaw.systemEvents.queues"),
    lanes: slot("openclaw.commandQueueState").lanes,
  };
}

/** `locks` locks, `events` events (twenty a queue) and, where asked, rubbish beside them. */
export function plant({ locks = 0, events = 0, bad = false }) {
  const { runs, queues, lanes } = maps();
  for (let at = 0; at < locks; at += 1) runs.set(`${PREFIX}${at}`, lock(`${PREFIX}${at}`));
  for (let at = 0; at < events; at += 20) {
    const queue = Array.from({ length: Math.min(20, events - at) }, (_, n) => event(at + n));
    queues.set(`${PREFIX}${at}`, { queue, lastContextKey: null });
  }
  if (bad) {
    for (const map of [runs, queues, lanes]) {
      rubbish().forEach((thing, at) => map.set(`${PREFIX}bad:${at}`, thing));
    }
  }
  return {};
}

/** Everything planted, out again. */
export function unplant() {
  for (const map of Object.values(maps())) {
    for (const key of [...map.keys()]) if (String(key).startsWith(PREFIX)) map.delete(key);
  }
  return {};
}
