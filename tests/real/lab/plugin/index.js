// clawtop-lab: a test plugin. Never load it into a gateway that matters.

// Static import: a dynamic one of the SDK fails from a linked folder on April gateways.
import { enqueueSystemEvent } from "openclaw/plugin-sdk/system-event-runtime";
import { channelMessage, replies } from "./channel.js";
import { leak, unleak } from "./leak.js";
import { plant, unplant } from "./plant.js";
import { truth } from "./truth.js";

const STUCK = "[[stuck]]";
const STATE = Symbol.for("clawtop.lab");

// register() may run twice in one process: what was left hanging must stay reachable.
const state = (globalThis[STATE] ??= { hooks: [], deliveries: [], mail: new Map() });

function requireText(params, ...names) {
  for (const name of names) {
    if (typeof params[name] !== "string" || !params[name]) throw new Error(`${name} is missing`);
  }
}

function settle(waiting) {
  const all = waiting.splice(0);
  for (const resolve of all) resolve(undefined);
  return all.length;
}

/** A gateway method that answers with what `work` returns, or with its error. */
function method(api, name, work) {
  const handler = async ({ params, respond, context }) => {
    try {
      respond(true, await work(params ?? {}, context));
    } catch (error) {
      respond(false, undefined, { code: "INVALID_REQUEST", message: `${name}: ${error.message}` });
    }
  };
  api.registerGatewayMethod(name, handler, { scope: "operator.admin" });
}

function register(api) {
  method(api, "lab.truth", () => truth());
  method(api, "lab.enqueue", (params) => {
    requireText(params, "key", "text");
    const { key, text, contextKey } = params;
    const options = contextKey ? { sessionKey: key, contextKey } : { sessionKey: key };
    return { queued: enqueueSystemEvent(text, options) !== false };
  });
  method(api, "lab.leak", (params) => {
    requireText(params, "key", "sessionId");
    return leak(params);
  });
  method(api, "lab.unleak", (params) => {
    requireText(params, "key");
    return unleak(params);
  });
  method(api, "lab.channelMessage", (params) => {
    requireText(params, "key", "text");
    return channelMessage(api, state, params);
  });
  method(api, "lab.replies", (params) => {
    requireText(params, "key");
    return replies(state, params);
  });
  // Deliveries are a different incident: settled only when asked for. A gateway that drains for a
  // restart answers nothing any more, so a test may ask beforehand (afterMs).
  method(api, "lab.unstick", ({ deliveries, afterMs, leak: key }) => {
    if (afterMs > 0) {
      setTimeout(() => {
        settle(state.hooks);
        if (key) unleak({ key });
      }, afterMs);
      return { hooks: 0, deliveries: 0 };
    }
    const settled = deliveries === true ? settle(state.deliveries) : 0;
    return { hooks: settle(state.hooks), deliveries: settled };
  });
  method(api, "lab.plant", (params) => plant(params));
  method(api, "lab.unplant", () => unplant());
  method(api, "lab.broadcast", (params, context) => {
    requireText(params, "event");
    context.broadcast(`plugin.${params.event}`, params.payload ?? {});
    return { event: `plugin.${params.event}` };
  });
  api.on("before_model_resolve", (event) => {
    if (!String(event?.prompt ?? "").includes(STUCK)) return undefined;
    return new Promise((resolve) => state.hooks.push(resolve));
  });
}

export default { id: "clawtop-lab", name: "clawtop lab", register };
