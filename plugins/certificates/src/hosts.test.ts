import { hostname } from "node:os";
import { MicroError } from "@micro/core";
import { describe, expect, test } from "vitest";
import { hostsOfAddress, selfSignedCertificate } from "./index.ts";

const interfaces = {
  lo: [
    { address: "127.0.0.1", family: "IPv4", internal: true },
    { address: "::1", family: "IPv6", internal: true },
  ],
  eth0: [
    { address: "192.0.2.7", family: "IPv4", internal: false },
    { address: "fe80::1%eth0", family: "IPv6", internal: false },
  ],
} as const;

describe("hosts of an address", () => {
  test.each([
    ["192.0.2.9:80", ["192.0.2.9"]],
    ["greeter.example:80", ["greeter.example"]],
    ["[fe80::1%eth0]:80", ["fe80::1"]],
    ["127.0.0.1:0", ["127.0.0.1", "localhost"]],
    ["[::1]:0", ["::1", "localhost"]],
    ["localhost:0", ["localhost", "127.0.0.1", "::1"]],
  ])("%s", (address, hosts) => {
    expect(hostsOfAddress(address, interfaces)).toEqual(hosts);
  });

  test.each([":0", "[::]:80"])("%s means every interface", (address) => {
    const hosts = hostsOfAddress(address, interfaces);
    expect(hosts.slice(-4)).toEqual(["127.0.0.1", "::1", "192.0.2.7", "fe80::1"]);
    expect(hosts).toContain("localhost");
    expect(hosts).toContain(hostname());
  });

  test("0.0.0.0 means every interface with IPv4", () => {
    expect(hostsOfAddress("0.0.0.0:80", interfaces).slice(-2)).toEqual(["127.0.0.1", "192.0.2.7"]);
  });

  test("what is no address is refused", () => {
    expect(() => hostsOfAddress("nonsense")).toThrow(/"nonsense" is no address/);
  });

  test("of this machine, a certificate can be made", async () => {
    const { cert } = await selfSignedCertificate({ hosts: hostsOfAddress(":0") });
    expect(cert).toContain("BEGIN CERTIFICATE");
  });
});

describe("hosts of a certificate", () => {
  test.each([
    [[], /hosts is empty/],
    [[""], /hosts: "" is no host/],
    [["[::1]"], /hosts: "\[::1\]" is no host/],
    [["a.example:80"], /is no host/],
    [["a..example"], /is no host/],
    [["-a.example"], /is no host/],
    [["a.*.example"], /is no host/],
    [["münchen.example"], /is no host/],
    [[`${"a".repeat(64)}.example`], /is no host/],
    [["a.example\0.evil.example"], /is no host/],
    [["256.1.1.1"], /neither an IP address nor a name/],
    [["fe80::1%eth0"], /has a zone/],
    [Array.from({ length: 1001 }, (_, index) => `h${index}`), /at most 1000/],
  ])("%j is refused", async (hosts, text) => {
    const error = await selfSignedCertificate({ hosts }).catch((thrown: unknown) => thrown);
    expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
    expect(String(error)).toMatch(text);
  });
});
