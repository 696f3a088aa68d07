import { expect, test } from "vitest";
import type { ServiceRecord } from "./model.ts";
import { NodeExpiry } from "./node-expiry.ts";
import { NodeTable } from "./node-table.ts";

const record = (version: string, ...ids: string[]): ServiceRecord => ({
  name: "greeter",
  version,
  metadata: {},
  endpoints: [{ name: "Greeter.Hello", request: null, response: null, metadata: {} }],
  nodes: ids.map((id) => ({ id, address: "h:1", metadata: {} })),
});

test("records keep their identity until a node changes", () => {
  const table = new NodeTable();
  expect(table.put(record("v1", "a", "b"))).toBe(true);
  const first = table.records("greeter");
  expect(table.put(record("v1", "b"))).toBe(false);
  expect(table.records("greeter")).toBe(first);
  expect(table.put(record("v1", "c"))).toBe(true);
  expect(table.records("greeter")).not.toBe(first);
});

test("a node that is put with another version moves to it", () => {
  const table = new NodeTable();
  table.put(record("v1", "a", "b"));
  table.put(record("v2", "a"));
  const found = table.records("greeter").map(({ version, nodes }) => [version, nodes.map(({ id }) => id)]);
  expect(new Map(found as [string, string[]][])).toEqual(
    new Map([
      ["v1", ["b"]],
      ["v2", ["a"]],
    ]),
  );
});

test("a record without nodes deletes its version, without a version the service", () => {
  const table = new NodeTable();
  table.put(record("v1", "a"));
  table.put(record("v2", "b", "c"));
  expect(table.delete(record("v2"))).toBe(true);
  expect(table.records("greeter").map(({ version }) => version)).toEqual(["v1"]);
  expect(table.delete(record(""))).toBe(true);
  expect(table.services()).toEqual([]);
  expect(table.delete(record(""))).toBe(false);
});

test("endpoints of nodes of one version are joined, whatever order they came in", () => {
  const table = new NodeTable();
  table.put(record("v1", "a"));
  table.put({
    ...record("v1", "b"),
    endpoints: [{ name: "Greeter.Bye", request: null, response: null, metadata: {} }],
  });
  expect(table.records("greeter")[0]?.endpoints.map(({ name }) => name)).toEqual([
    "Greeter.Hello",
    "Greeter.Bye",
  ]);
});

test("replace keeps what is named and takes the rest away, of one service or of all", () => {
  const table = new NodeTable();
  table.put(record("v1", "a", "b"));
  table.put({ ...record("v1", "x"), name: "other" });
  expect(table.replace([record("v1", "b", "c")], "greeter")).toBe(true);
  expect(table.replace([record("v1", "b", "c")], "greeter")).toBe(false);
  expect(table.records("greeter")[0]?.nodes.map(({ id }) => id)).toEqual(["b", "c"]);
  expect(table.services()).toEqual(["greeter", "other"]);
  expect(table.replace([record("v1", "b", "c")])).toBe(true);
  expect(table.services()).toEqual(["greeter"]);
});

test("what comes out cannot be changed, and what went in may be", () => {
  const table = new NodeTable();
  const given = { ...record("v1", "a"), metadata: { zone: "a" } };
  table.put(given);
  given.metadata.zone = "b";
  const [found] = table.records("greeter");
  expect(found?.metadata).toEqual({ zone: "a" });
  expect(() => Object.assign(found?.nodes[0] ?? {}, { address: "x" })).toThrow(TypeError);
});

test("expired nodes are told once their time is over, and the timer ends with the last of them", async () => {
  const table = new NodeTable();
  const told = Promise.withResolvers<readonly ServiceRecord[]>();
  const expiry = new NodeExpiry(table, (gone) => {
    for (const each of gone) table.delete(each);
    told.resolve(gone);
  });
  const soon = performance.now() + 20;
  table.put(record("v1", "a"), soon);
  table.put(record("v1", "b"));
  expiry.schedule(soon);
  expect((await told.promise).flatMap(({ nodes }) => nodes.map(({ id }) => id))).toEqual(["a"]);
  expect(table.records("greeter")[0]?.nodes.map(({ id }) => id)).toEqual(["b"]);
  expect(table.nextExpiry()).toBe(Infinity);
  expiry.stop();
});
