// @ts-check
// What the two acting methods answer.

/** @typedef {{ok: boolean} & Record<string, unknown>} Answer */

/** @param {string} code @param {string} why @returns {Answer} */
export const refuse = (code, why) => ({ ok: false, code, why });

export const SWITCHED_OFF = refuse(
  "switched-off",
  "acting is switched off: set plugins.entries.clawtop-companion.config.allowRelease to true",
);

/**
 * Key and token of the asker, or null.
 * @param {unknown} params @returns {{key: string, token: string} | null}
 */
export function target(params) {
  const { key, token } = /** @type {Record<string, unknown>} */ (params ?? {});
  if (typeof key !== "string" || typeof token !== "string" || !key || !token) return null;
  return { key, token };
}
