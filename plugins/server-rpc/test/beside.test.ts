import { type CallContext, defineContract, implement, MicroError, serverStream, unary } from "@micro/core";
import { expect, test } from "vitest";
import { goRequest, startWorld } from "./world.ts";

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly fail?: boolean; readonly much?: boolean }, object>(),
    count: serverStream<{ readonly to: number; readonly much?: boolean }, { readonly at: number }>(),
  },
});

const say = ({ replyHeader, replyTrailer }: CallContext): void => {
  replyHeader.set("Region", "köln");
  replyTrailer.set("Cost", "7");
};

const handlers = implement(greeter, {
  hello: ({ fail = false, much = false }, context) => {
    say(context);
    if (much) context.replyHeader.set("much", "x".repeat(1024 * 1024));
    if (fail) throw new MicroError({ id: "greeter", code: "NOT_FOUND", detail: "nobody" });
    return {};
  },
  async *count({ to, much = false }, context) {
    say(context);
    if (much) context.replyTrailer.set("much", "x".repeat(1024 * 1024));
    for (let at = 0; at < to; at++) yield { at };
  },
});

const request = (method: string, more: Readonly<Record<string, string>> = {}) => ({
  "Micro-Endpoint": `Greeter.${method}`,
  "Micro-Id": "3",
  "Micro-Service": "greeter",
  ...more,
});

/** What a message says of its handler, by key as it was written. */
const said = (header: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(header).filter(([key]) => /^Micro-(?:Reply|Trailer)-/.test(key)));

test("what a handler says stands in the header of the reply or error, under a prefix", async () => {
  const world = await startWorld({ handlers });
  try {
    const peer = await world.peer();
    const both = { "Micro-Reply-Region": expect.any(String), "Micro-Trailer-Cost": "7" };
    peer.write(goRequest(request("Hello"), "{}"));
    expect(said((await peer.next()).header)).toEqual(both);
    peer.write(goRequest(request("Hello"), '{"fail":true}'));
    const { header } = await peer.next();
    expect(said(header)).toEqual(both);
    expect(header["Micro-Error"]).toContain("nobody");
  } finally {
    await world.stop();
  }
});

test("what a handler says in a stream stands in its first frame and in its last", async () => {
  const world = await startWorld({ handlers });
  try {
    const peer = await world.peer();
    const header = request("Count", { "Micro-Stream": "3" });
    peer.write(goRequest(header));
    peer.write(goRequest(header, '{"to":2}'));
    const frames = [await peer.next(), await peer.next(), await peer.next()];
    expect(frames.map((frame) => Object.keys(said(frame.header)))).toEqual([
      ["Micro-Reply-Region"],
      [],
      ["Micro-Trailer-Cost"],
    ]);
    expect(frames[2]?.header["Micro-Error"]).toBe("EOS");
  } finally {
    await world.stop();
  }
});

test("a caller is told when more was said than a header can carry, and a stream ends without its trailer", async () => {
  const world = await startWorld({ handlers });
  try {
    const peer = await world.peer();
    for (const body of ['{"much":true}', '{"much":true,"fail":true}']) {
      peer.write(goRequest(request("Hello"), body));
      const { header } = await peer.next();
      expect(said(header)).toEqual({});
      expect(header["Micro-Error"]).toContain("max_header_size");
    }
    const header = request("Count", { "Micro-Stream": "3" });
    peer.write(goRequest(header));
    peer.write(goRequest(header, '{"to":0,"much":true}'));
    expect((await peer.next()).header).toMatchObject({ "Micro-Error": "EOS", "Micro-Stream": "3" });
    expect(world.logged).toContain("a stream's trailer cannot be sent");
  } finally {
    await world.stop();
  }
});
