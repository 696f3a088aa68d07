import type { Message, Peer } from "./peer.ts";

/** A call of an async function: what is left when there is no framework at all. */
export const plainAsync: Peer = {
  name: "plain-async",
  connect: async () => ({ call: echo, close: async () => {} }),
};

async function echo(message: Message): Promise<Message> {
  return { ...message };
}
