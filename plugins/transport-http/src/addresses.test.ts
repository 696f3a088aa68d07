import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { call, message, textOf, withTransport } from "./testing/world.ts";

test("IPv6 addresses are listened on, dialled and shown in brackets", (context) => {
  const all = Object.values(networkInterfaces()).flat();
  if (!all.some((each) => each?.address === "::1")) context.skip("this host has no IPv6 loopback");
  return withTransport({}, async ({ transport }) => {
    let remote = "";
    const listener = await transport.listen("[::1]:0", (exchange) => {
      remote = exchange.remote;
      exchange.reply(exchange.first);
    });
    expect(listener.address).toMatch(/^\[::1\]:\d+$/);
    const session = await transport.dial(listener.address);
    expect(textOf(await call(session, message("hello")))).toBe("hello");
    expect(remote).toMatch(/^\[::1\]:\d+$/);
  });
});

test("a server on all interfaces is reached by any of its names", () =>
  withTransport({}, async ({ transport }) => {
    const listener = await transport.listen(":0", (exchange) => exchange.reply(exchange.first));
    const port = listener.address.slice(listener.address.lastIndexOf(":"));
    for (const host of ["127.0.0.1", "localhost", ""]) {
      const session = await transport.dial(`${host}${port}`);
      expect(textOf(await call(session, message("hello")))).toBe("hello");
    }
  }));
