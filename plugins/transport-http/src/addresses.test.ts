import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { parseAddress } from "./addresses.ts";
import { call, message, textOf, withTransport } from "./testing/world.ts";

test("host and port of every form", () => {
  expect(parseAddress("127.0.0.1:80")).toEqual({ host: "127.0.0.1", port: 80 });
  expect(parseAddress("[::1]:8080")).toEqual({ host: "::1", port: 8080 });
  expect(parseAddress("[fe80::1%eth0]:1")).toEqual({ host: "fe80::1%eth0", port: 1 });
  expect(parseAddress("name.example:65535")).toEqual({ host: "name.example", port: 65_535 });
  expect(parseAddress(":0")).toEqual({ host: "", port: 0 });
});

test("anything else is refused with what is expected", () => {
  for (const address of [
    "",
    "host",
    "host:",
    "host:http",
    "host:65536",
    "::1:80",
    "a b:1",
    "a\r\nb:1",
    "http://a:1",
  ]) {
    expect(() => parseAddress(address)).toThrow(/'host:port'/);
  }
});

test.runIf(
  Object.values(networkInterfaces())
    .flat()
    .some((each) => each?.address === "::1"),
)("IPv6 addresses are listened on, dialled and shown in brackets", () =>
  withTransport({}, async ({ transport }) => {
    let remote = "";
    const listener = await transport.listen("[::1]:0", (exchange) => {
      remote = exchange.remote;
      exchange.reply(exchange.first);
    });
    expect(listener.address).toMatch(/^\[::1\]:\d+$/);
    const session = await transport.dial(listener.address);
    expect(textOf(await call(session, message("hello")))).toBe("hello");
    expect(remote).toMatch(/^\[::1\]:\d+$/);
  }),
);

test("a server on all interfaces is reached by any of its names", () =>
  withTransport({}, async ({ transport }) => {
    const listener = await transport.listen(":0", (exchange) => exchange.reply(exchange.first));
    const port = listener.address.slice(listener.address.lastIndexOf(":"));
    for (const host of ["127.0.0.1", "localhost", ""]) {
      const session = await transport.dial(`${host}${port}`);
      expect(textOf(await call(session, message("hello")))).toBe("hello");
    }
  }));
