import { instantiate } from "@micro/core/conformance";
import { sharedNatsServer } from "@micro/servers/vitest";
import { type TransportHarness, transportConformance } from "@micro/transport/conformance";
import { describe, expect, test } from "vitest";
import { natsTransport } from "../src/index.ts";

// Room for a message of 4 MiB, also in base64.
const large = await sharedNatsServer({ config: "max_payload: 8MB" });
const usual = await sharedNatsServer();

describe("conformance between our own peers", () => {
  const harness: TransportHarness = {
    create: () => instantiate(natsTransport, { config: { addresses: [large().address] } }),
    address: ":0",
  };
  for (const c of transportConformance(harness)) test(c.name, () => c.run());
});

describe("conformance with messages in pieces", () => {
  const harness: TransportHarness = {
    create: () => instantiate(natsTransport, { config: { addresses: [usual().address], chunking: true } }),
    address: ":0",
  };
  for (const c of transportConformance(harness)) test(c.name, () => c.run());
});

/** Go's nats transport has no word for giving up, for the end of a connection, for "not so fast" and for "not here". */
const BEYOND_GO: ReadonlySet<string> = new Set([
  "a caller that gives up tells the server within 50 ms and hears no more",
  "a client that aborts breaks the server's side within 50 ms",
  "a server that aborts breaks the client's side within 50 ms",
  "aborting twice is the same as once",
  "a caller that dies is noticed by the server",
  "a peer that dies breaks calls, streams and the session",
  "a listener closes after running exchanges, within its grace",
  "closing does not wait longer than its grace",
  "nothing is left open after close",
  "a larger reply ends the call, naming max_message_size",
  "a server that reads slowly holds the client back",
  "a client that reads slowly holds the server back",
  "a sender that waits for room is told of the break",
  "a reader that leaves does not keep the sender waiting",
  "a slow reader of one stream does not hold up others",
  "draining lets running exchanges end and takes nothing new",
  "an idle session learns of draining",
]);

describe("conformance towards Go's peers", () => {
  const harness: TransportHarness = {
    create: () => instantiate(natsTransport, { config: { addresses: [large().address] } }),
    address: ":0",
    metadata: {},
    halfClose: false,
  };
  const cases = transportConformance(harness);
  for (const c of cases.filter(({ name }) => !BEYOND_GO.has(name))) test(c.name, () => c.run());

  test("the cases that are left out are cases", () => {
    const names = new Set(cases.map(({ name }) => name));
    expect([...BEYOND_GO].filter((name) => !names.has(name))).toEqual([]);
  });
});
