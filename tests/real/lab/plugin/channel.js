// Messages as a chat channel brings them, with a mailbox instead of a real chat.

import { AsyncLocalStorage } from "node:async_hooks";
import { randomUUID } from "node:crypto";

const CHANNEL = "clawtop-lab";
export const NEVER_DELIVER = "[[never-deliver]]";

// A real channel is nobody's request. 9.6 ties work to the request it was started in and
// refuses it ("draining") once that one is answered: so step out of the request first.
const outside = AsyncLocalStorage.snapshot();

/** The message context a channel hands to the gateway. */
function inboundContext({ key, text, from, id }) {
  const sender = from ?? "lab-user";
  return {
    Body: text,
    BodyForAgent: text,
    RawBody: text,
    CommandBody: text,
    From: sender,
    To: CHANNEL,
    SessionKey: key,
    AccountId: "default",
    MessageSid: id,
    ChatType: "direct",
    CommandAuthorized: true,
    Provider: CHANNEL,
    Surface: CHANNEL,
    OriginatingChannel: CHANNEL,
    OriginatingTo: sender,
    SenderId: sender,
    Timestamp: Date.now(),
  };
}

function mailbox(state, key) {
  let box = state.mail.get(key);
  if (!box) state.mail.set(key, (box = { replies: [], errors: [], open: new Set() }));
  return box;
}

/** Start the dispatch and return at once; the outcome shows in replies(). */
export function channelMessage(api, state, { key, text, from }) {
  const id = randomUUID();
  const box = mailbox(state, key);
  // One gate for all parts of the reply; until it opens nobody has seen any text.
  const gate = text.includes(NEVER_DELIVER)
    ? new Promise((resolve) => state.deliveries.push(resolve))
    : Promise.resolve();
  const deliver = async (payload) => {
    await gate;
    box.replies.push({ messageId: id, text: payload?.text ?? "", ts: Date.now() });
  };
  const onError = (error) => box.errors.push({ messageId: id, error: String(error) });
  box.open.add(id);
  const message = {
    ctx: inboundContext({ key, text, from, id }),
    cfg: api.runtime.config?.current?.() ?? api.config,
    dispatcherOptions: { deliver, onError },
  };
  outside(() => api.runtime.channel.reply.dispatchReplyWithBufferedBlockDispatcher(message))
    .catch(onError)
    .finally(() => box.open.delete(id));
  return { messageId: id };
}

/** Delivered replies of one session, and the messages whose dispatch has not ended. */
export function replies(state, { key }) {
  const box = mailbox(state, key);
  return { replies: box.replies, errors: box.errors, open: [...box.open] };
}
