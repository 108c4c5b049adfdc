// What the gateway's memory holds, read from its process-wide maps. Nothing here changes them.

const slot = (name) => globalThis[Symbol.for(name)];
const time = (value) => (typeof value === "number" ? value : null);

/** Reply-run locks; times in ms since the epoch, null where the version keeps none. */
function locks() {
  const runs = slot("openclaw.replyRunRegistry")?.activeRunsByKey ?? new Map();
  return [...runs].map(([key, run]) => ({
    key,
    sessionId: run.sessionId,
    phase: run.phase,
    startedAtMs: time(run.startedAtMs),
    lastActivityAtMs: time(run.lastActivityAtMs),
  }));
}

/** Pending system events per session key, oldest first; ts in ms since the epoch. */
function systemEvents() {
  const queues = slot("openclaw.systemEvents.queues") ?? new Map();
  return [...queues].map(([key, entry]) => ({
    key,
    events: entry.queue.map(({ text, ts, contextKey }) => ({
      text,
      ts,
      contextKey: contextKey ?? null,
    })),
  }));
}

/** Command lanes: tasks at work, tasks waiting, and the lane's limit. */
function lanes() {
  const known = slot("openclaw.commandQueueState")?.lanes ?? new Map();
  return [...known].map(([lane, state]) => ({
    lane,
    active: state.activeTaskIds.size,
    queued: state.queue.length,
    max: state.maxConcurrent,
  }));
}

export function truth() {
  return { now: Date.now(), locks: locks(), systemEvents: systemEvents(), lanes: lanes() };
}
