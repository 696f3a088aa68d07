import { MicroError } from "@micro/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { mergeRecords, parseRecord, sameData } from "./records.ts";

/** As Go writes it (spec 3.1), with null where it has nothing. */
const go = {
  name: "greeter",
  version: "v1",
  metadata: null,
  endpoints: [
    {
      request: {
        name: "HelloReq",
        type: "HelloReq",
        values: [{ name: "name", type: "string", values: null }],
      },
      response: null,
      metadata: {},
      name: "Greeter.Hello",
    },
  ],
  nodes: [{ id: "greeter-8b6f", address: "10.0.0.5:41234", metadata: { protocol: "mucp" } }],
};

test("a record of Go is read, null and all", () => {
  expect(parseRecord(JSON.parse(JSON.stringify(go)))).toEqual({
    name: "greeter",
    version: "v1",
    metadata: {},
    endpoints: [
      {
        name: "Greeter.Hello",
        request: {
          name: "HelloReq",
          type: "HelloReq",
          values: [{ name: "name", type: "string", values: null }],
        },
        response: null,
        metadata: {},
      },
    ],
    nodes: [{ id: "greeter-8b6f", address: "10.0.0.5:41234", metadata: { protocol: "mucp" } }],
  });
  expect(parseRecord({ name: "a", endpoints: null, nodes: null })).toEqual({
    name: "a",
    version: "",
    metadata: {},
    endpoints: [],
    nodes: [],
  });
});

test.each([
  [null, "service must be an object"],
  [{}, "service.name must be a text"],
  [{ name: "" }, "service.name must be a name"],
  [{ name: "a", nodes: {} }, "service.nodes must be a list"],
  [{ name: "a", nodes: [{ id: 1 }] }, "service.nodes[0].id must be a text"],
  [{ name: "a", endpoints: [null] }, "endpoints[0] must be an object"],
])("%j is refused: %s", (value, message) => {
  expect(() => parseRecord(value)).toThrow(message);
});

test("hostile input neither pollutes prototypes nor exhausts the stack", () => {
  const record = parseRecord(JSON.parse('{"name":"a","metadata":{"__proto__":"x","n":1}}'));
  expect(Object.entries(record.metadata)).toEqual([["__proto__", "x"]]);
  const deep = `${'{"values":['.repeat(1000)}{}${"]}".repeat(1000)}`;
  const endpoint = `{"name":"E","request":${deep}}`;
  expect(parseRecord(JSON.parse(`{"name":"a","endpoints":[${endpoint}]}`)).endpoints).toHaveLength(1);
});

test("records of one version are joined, the last of a node id wins", () => {
  const one = parseRecord(go);
  const moved = parseRecord({
    ...go,
    nodes: [
      { id: "greeter-8b6f", address: "10.0.0.6:1" },
      { id: "b", address: "x" },
    ],
  });
  const other = parseRecord({ ...go, version: "v2" });
  const merged = mergeRecords([one, other, moved]);
  expect(merged.map(({ version, nodes }) => [version, nodes.map(({ address }) => address)])).toEqual([
    ["v1", ["10.0.0.6:1", "x"]],
    ["v2", ["10.0.0.5:41234"]],
  ]);
});

test("sameData compares what is said, not in which order", () => {
  expect(sameData({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  expect(sameData({ a: 1 }, { a: 1, b: 2 })).toBe(false);
  expect(sameData([1], { 0: 1 })).toBe(false);
  expect(sameData(["x"], ["y"])).toBe(false);
  expect(sameData(null, {})).toBe(false);
});

test("any JSON is read or refused with BAD_REQUEST, and what was read reads the same again", () => {
  const field = fc.jsonValue({ maxDepth: 4 });
  const near = fc.record(
    {
      name: fc.string(),
      version: field,
      metadata: field,
      endpoints: fc.array(field),
      nodes: fc.array(field),
    },
    { requiredKeys: ["name"] },
  );
  fc.assert(
    fc.property(fc.oneof(field, near), (value) => {
      try {
        const record = parseRecord(value);
        expect(parseRecord(JSON.parse(JSON.stringify(record)))).toEqual(record);
      } catch (error) {
        expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
      }
    }),
  );
});
