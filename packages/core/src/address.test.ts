import { expect, test } from "vitest";
import { formatAddress, type Interfaces, parseAddress, reachableAddress } from "./address.ts";

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

test.each([
  ["nats://ada:hunter2@host:4222", '"nats://…@host:4222"'],
  ["ada:hun@ter2@host", '"…@host"'],
  ["nats://hunter2@host:4222", '"nats://…@host:4222"'],
])("the error about an address with a secret does not hold it: %s", (address, shown) => {
  expect(() => parseAddress(address, "broker.addresses")).toThrow(`broker.addresses: ${shown} is no address`);
});

const card = (address: string, internal = false): NonNullable<Interfaces[string]>[number] => ({
  address,
  family: address.includes(":") ? "IPv6" : "IPv4",
  internal,
});
const loopback = { lo: [card("127.0.0.1", true), card("::1", true)] };

test.each([
  ["127.0.0.1:80", "127.0.0.1:80"],
  ["[::1]:80", "[::1]:80"],
  ["example.org:80", "example.org:80"],
])("a host that was named stays: %s", (bound, expected) => {
  expect(reachableAddress(parseAddress(bound), undefined, loopback)).toBe(expected);
});

test.each([":80", "0.0.0.0:80", "[::]:80"])("'%s' becomes the first private address", (bound) => {
  const interfaces = {
    ...loopback,
    eth0: [card("fe80::1"), card("8.8.8.8"), card("fd00::7"), card("10.1.2.3")],
  };
  expect(reachableAddress(parseAddress(bound), undefined, interfaces)).toBe("10.1.2.3:80");
});

test("without a private address a public one is taken, without any loopback", () => {
  expect(reachableAddress(parseAddress(":80"), undefined, { ...loopback, eth0: [card("8.8.8.8")] })).toBe(
    "8.8.8.8:80",
  );
  expect(reachableAddress(parseAddress("[::]:80"), undefined, { ...loopback, eth0: [card("fd00::7")] })).toBe(
    "[fd00::7]:80",
  );
  expect(
    reachableAddress(parseAddress("0.0.0.0:80"), undefined, { ...loopback, eth0: [card("fd00::7")] }),
  ).toBe("127.0.0.1:80");
  expect(reachableAddress(parseAddress(":80"), undefined, {})).toBe("127.0.0.1:80");
});

test("what is advertised wins, with the bound port where it names none", () => {
  const reach = (bound: string, advertise: string) =>
    reachableAddress(parseAddress(bound), parseAddress(advertise), loopback);
  expect(reach(":80", "public.example:9000")).toBe("public.example:9000");
  expect(reach("127.0.0.1:81", "public.example:0")).toBe("public.example:81");
});

test("the private networks are those of the specification", () => {
  const inside = [
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.1",
    "192.168.9.9",
    "100.64.0.1",
    "100.127.0.1",
    "fd12::1",
  ];
  const outside = [
    "11.0.0.1",
    "172.32.0.1",
    "172.15.0.1",
    "192.169.0.1",
    "100.128.0.1",
    "100.63.0.1",
    "2001::1",
  ];
  // A private address goes before the public one, in whatever order they stand.
  const isPreferred = (address: string): boolean => {
    const other = address.includes(":") ? "2001:db8::9" : "9.9.9.9";
    const found = reachableAddress({ host: "", port: 1 }, undefined, { eth0: [card(other), card(address)] });
    return found === formatAddress({ host: address, port: 1 });
  };
  expect(inside.filter((address) => !isPreferred(address))).toEqual([]);
  expect(outside.filter(isPreferred)).toEqual([]);
});
