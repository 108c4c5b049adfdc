// A gateway's memory, faked: just the process-wide maps that the companion reads.

import plugin from "./companion/index.js";
import { listeners } from "openclaw/plugin-sdk/diagnostic-runtime";

export const slot = (name, value) => {
  globalThis[Symbol.for(`openclaw.${name}`)] = value;
};

/** An operation that ends as those of that generation do; `how` changes what it is. */
function makeOperation(registry, key, how) {
  const { generation = "april", phase = "running", stays = false } = how;
  const told = [];
  const drop = () => {
    const mine = registry.activeRunsByKey.get(key) === operation;
    if (mine && !stays) registry.activeRunsByKey.delete(key);
  };
  const operation = {
    key,
    sessionId: how.sessionId ?? `id of ${key}`,
    phase,
    told,
    abortByUser() {
      told.push("abort");
      if (how.obeysIn !== undefined) setTimeout(drop, how.obeysIn);
    },
    fail(code) {
      told.push(code);
      if (!how.needsClear && !how.needsComplete) drop();
    },
    complete() {
      told.push("complete");
      drop();
    },
    ...(generation === "september"
      ? { startedAtMs: 1_000, lastActivityAtMs: 2_000, agentId: "main", turnKind: "visible" }
      : {}),
    ...how.more,
  };
  registry.activeRunsByKey.set(key, operation);
  const clear = () => (told.push("clear"), drop());
  if (how.needsClear) registry.clearOperationByOperation.set(operation, clear);
  return operation;
}

/** All maps as a gateway of that generation has them, and the plugin registered over them. */
export function stage({ config = { allowRelease: true }, current, generation = "april" } = {}) {
  const registry = {
    activeRunsByKey: new Map(),
    waitersByKey: new Map(),
    ...(generation === "september" ? { clearOperationByOperation: new WeakMap() } : {}),
  };
  const lanes = new Map();
  const queues = new Map();
  const followups = new Map();
  const embedded = new Map();
  const runs = new Map();
  slot("replyRunRegistry", registry);
  slot("commandQueueState", { lanes });
  slot("systemEvents.queues", queues);
  slot("followupQueues", followups);
  slot("embeddedRunState", { activeRuns: embedded });
  const methods = new Map();
  const api = {
    pluginConfig: config,
    runtime: { version: "2026.1.1", ...(current ? { config: { current } } : {}) },
    registerGatewayMethod: (name, handler, { scope }) => methods.set(name, { handler, scope }),
  };
  plugin.register(api);
  const context = { chatAbortControllers: runs };
  return {
    registry, lanes, queues, followups, embedded, runs, methods, api, plugin,
    hold: (key, how = {}) => makeOperation(registry, key, { generation, ...how }),
    lane(name, { active = 0, queue = [], more = {} } = {}) {
      const tasks = new Set(Array.from({ length: active }, (_, id) => id));
      const state = { maxConcurrent: 1, draining: false, generation: 7, ...more };
      const lane = { lane: name, queue, activeTaskIds: tasks, ...state };
      lanes.set(name, lane);
      return lane;
    },
    events(key, events) {
      const entry = { queue: events, lastContextKey: "old" };
      queues.set(key, entry);
      return entry;
    },
    emit: (event) => [...listeners].forEach((listener) => listener(event)),
    call(name, params = {}) {
      let answer;
      const respond = (ok, payload) => (answer = { ok, payload });
      const later = methods.get(name).handler({ params, context, respond });
      if (later instanceof Promise) return later.then(() => answer.payload);
      if (!answer?.ok) throw new Error(`${name} was not answered`);
      return answer.payload;
    },
    look(params) { return this.call("clawtop.snapshot", params); },
    release(key, token) { return this.call("clawtop.release", { key, token }); },
    drop(key, token) { return this.call("clawtop.dropEvent", { key, token }); },
    tokenOf(key) {
      return this.look().locks.items.find((lock) => lock.key === key)?.token;
    },
  };
}
