// @ts-check
// clawtop-companion: see README.md, which is the contract.

// Static import: a dynamic one of the SDK fails from a linked folder on earlier gateways
// (measured on 2026.4.29 and 2026.5.28). The namespace, because a missing name in an import of
// names would keep the plugin from loading.
import * as diagnostics from "openclaw/plugin-sdk/diagnostic-runtime";
import { refuse, SWITCHED_OFF } from "./answers.js";
import { dropEvent } from "./drop.js";
import { listen } from "./recoveries.js";
import { release } from "./release.js";
import * as is from "./shapes.js";
import { snapshot } from "./snapshot.js";

const ID = "clawtop-companion";
const VERSION = "1.0.0";

/**
 * The switch, as the running gateway's config has it now; as it was at the start where the
 * gateway does not hand its config to plugins.
 * @param {unknown} api @returns {boolean}
 */
function mayAct(api) {
  const current = is.get(is.get(is.get(api, "runtime"), "config"), "current");
  const config = typeof current === "function" ? is.guarded(() => current(), null) : null;
  if (!is.isObject(config)) return is.get(is.get(api, "pluginConfig"), "allowRelease") === true;
  const entry = is.get(is.get(is.get(config, "plugins"), "entries"), ID);
  return is.get(is.get(entry, "config"), "allowRelease") === true;
}

/**
 * A gateway method that answers with what `work` returns, whatever happens in it.
 * @param {any} api @param {string} name @param {string} scope
 * @param {(params: unknown, context: unknown) => object} work
 */
function method(api, name, scope, work) {
  const broken = refuse("unsupported", "the gateway's memory could not be read");
  /** @param {any} call */
  const handler = ({ params, respond, context }) => {
    const answer = is.guarded(() => work(params, context), broken);
    const send = (/** @type {object} */ told) => respond(true, told, undefined);
    return answer instanceof Promise ? answer.catch(() => broken).then(send) : send(answer);
  };
  api.registerGatewayMethod(name, handler, { scope });
}

/** @param {any} api */
function register(api) {
  listen(Reflect.get(diagnostics, "onDiagnosticEvent"));
  method(api, "clawtop.snapshot", "operator.read", (params, context) =>
    snapshot({
      params,
      context,
      version: VERSION,
      gatewayVersion: is.get(is.get(api, "runtime"), "version"),
      canRelease: mayAct(api),
    }),
  );
  method(api, "clawtop.release", "operator.admin", (params) =>
    mayAct(api) ? release(params) : SWITCHED_OFF,
  );
  method(api, "clawtop.dropEvent", "operator.admin", (params) =>
    mayAct(api) ? dropEvent(params) : SWITCHED_OFF,
  );
}

export default { id: ID, name: "clawtop companion", register };
