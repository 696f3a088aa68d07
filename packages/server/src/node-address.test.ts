import { expect, test } from "vitest";
import { type Interfaces, isPrivate, joinAddress, nodeAddress, splitAddress } from "./node-address.ts";

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
  expect(nodeAddress(bound, { interfaces: loopback })).toBe(expected);
});

test.each([":80", "0.0.0.0:80", "[::]:80"])("'%s' becomes the first private address", (bound) => {
  const interfaces = { ...loopback, eth0: [card("fe80::1"), card("8.8.8.8"), card("fd00::7"), card("10.1.2.3")] };
  expect(nodeAddress(bound, { interfaces })).toBe("10.1.2.3:80");
});

test("without a private address a public one is taken, without any loopback", () => {
  expect(nodeAddress(":80", { interfaces: { ...loopback, eth0: [card("8.8.8.8")] } })).toBe("8.8.8.8:80");
  expect(nodeAddress("[::]:80", { interfaces: { ...loopback, eth0: [card("fd00::7")] } })).toBe("[fd00::7]:80");
  expect(nodeAddress("0.0.0.0:80", { interfaces: { ...loopback, eth0: [card("fd00::7")] } })).toBe("127.0.0.1:80");
  expect(nodeAddress(":80", { interfaces: {} })).toBe("127.0.0.1:80");
});

test("what is advertised wins, with the bound port where it names none", () => {
  expect(nodeAddress(":80", { advertise: "public.example:9000", interfaces: loopback })).toBe("public.example:9000");
  expect(nodeAddress("127.0.0.1:81", { advertise: "public.example", interfaces: loopback })).toBe("public.example:81");
  expect(nodeAddress("127.0.0.1:81", { advertise: "public.example:0", interfaces: loopback })).toBe("public.example:81");
});

test("the private networks are those of the specification", () => {
  const inside = ["10.0.0.1", "172.16.0.1", "172.31.255.1", "192.168.9.9", "100.64.0.1", "100.127.0.1", "fd12::1"];
  const outside = ["11.0.0.1", "172.32.0.1", "172.15.0.1", "192.169.0.1", "100.128.0.1", "100.63.0.1", "2001::1"];
  expect(inside.filter((address) => !isPrivate(address))).toEqual([]);
  expect(outside.filter((address) => isPrivate(address))).toEqual([]);
});

test("addresses are split and joined with brackets around IPv6", () => {
  expect(splitAddress("[::1]:80")).toEqual({ host: "::1", port: "80" });
  expect(splitAddress("host")).toEqual({ host: "host", port: "" });
  expect(joinAddress("::1", "80")).toBe("[::1]:80");
});
