import {
  createMonolith,
  defineContract,
  defineService,
  handle,
  implement,
  type StandardSchema,
  serverStream,
  unary,
} from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { defaults } from "@micro/set-defaults";
import { memoryTransport } from "@micro/transport-memory";
import { type } from "arktype";
import * as v from "valibot";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";

/** The same strict request in three libraries. */
const requests = {
  zod: z.strictObject({
    name: z.string(),
    age: z.number().default(7),
    deep: z.object({ list: z.array(z.strictObject({ n: z.number() })) }).optional(),
    by: z.record(z.string(), z.number()).optional(),
  }),
  valibot: v.strictObject({
    name: v.string(),
    age: v.optional(v.number(), 7),
    deep: v.optional(v.object({ list: v.array(v.strictObject({ n: v.number() })) })),
    by: v.optional(v.record(v.string(), v.number())),
  }),
  arktype: type({
    "+": "reject",
    name: "string",
    age: "number = 7",
    "deep?": { list: type({ "+": "reject", n: "number" }).array() },
    "by?": { "[string]": "number" },
  }),
};

const silent = { version: 1, vendor: "own" } as const;
/** A schema with a bug of its own. */
const throwing = (): StandardSchema => ({
  "~standard": {
    ...silent,
    validate: () => {
      throw new TypeError("cannot read properties of undefined");
    },
  },
});
const rejecting = (): StandardSchema => ({
  "~standard": { ...silent, validate: () => Promise.reject(new Error("no database")) },
});

const reply = z.object({ seen: z.unknown() });
const contract = defineContract({
  name: "Edge",
  service: "edge",
  methods: {
    zod: unary({ input: requests.zod, output: reply }),
    valibot: unary({ input: requests.valibot, output: reply }),
    arktype: unary({ input: requests.arktype, output: reply }),
    later: unary({
      input: z.object({ name: z.string().refine(async (name) => name !== "taken", "is taken") }),
      output: z.object({ id: z.string().transform(async (id) => `${id}!`) }),
    }),
    throwing: unary({ input: throwing() }),
    rejecting: unary({ input: rejecting() }),
    wrongReply: unary<object, { id: number }>({ output: z.object({ id: z.number() }) }),
    throwingReply: unary({ output: throwing() }),
    counting: serverStream<object, { n: number }>({ output: z.object({ n: z.number().max(2) }) }),
  },
});
const echo = (seen: unknown) => ({ seen });
let handled = 0;
const counted = (seen: unknown) => {
  handled++;
  return { seen };
};

const edge = defineService({
  name: "edge",
  handlers: [
    implement(contract, {
      zod: echo,
      valibot: echo,
      arktype: echo,
      later: ({ name }) => ({ id: name }),
      throwing: counted,
      rejecting: counted,
      wrongReply: () => ({ id: "seven" as never }),
      throwingReply: () => ({}),
      async *counting() {
        for (let n = 1; n < 5; n++) yield { n };
      },
    }),
    handle("Plain.Echo", (request) => ({ request })),
  ],
});

const start = (transport: "memory" | "http") =>
  createMonolith([edge, defineService({ name: "caller" })], {
    plugins: [...defaults, memoryRegistry, memoryTransport],
    registry: { plugin: "memory" },
    transport: { plugin: transport },
    shared: ["registry", "transport"],
    // The calls go over the wire although both services are in this process.
    selector: { preferLocal: false },
    server: { address: transport === "http" ? "127.0.0.1:0" : ":0" },
    // Below what callers may write, so that the server is who refuses.
    services: { edge: { codec: { jsonMaxDepth: 30 } } },
    logger: { level: "error" },
    configFile: false,
    cli: { argv: [], env: {} },
  });

describe.each(["memory", "http"] as const)("at the edge of a server, JSON over %s", (transport) => {
  let fleet: Awaited<ReturnType<typeof start>>;
  beforeAll(async () => {
    fleet = await start(transport);
    await fleet.start();
  });
  afterAll(() => fleet.stop());

  /** What a caller without types sends. */
  const call = (endpoint: string, message: unknown): Promise<unknown> =>
    fleet.service("caller").client.call({ service: "edge", endpoint, message });
  const json = (text: string): unknown => JSON.parse(text);
  const nested = (depth: number): unknown => {
    let value: unknown = 1;
    for (let level = 0; level < depth; level++) value = [value];
    return value;
  };

  describe.each(["Zod", "Valibot", "Arktype"])("%s", (method) => {
    const send = (message: unknown) => call(`Edge.${method}`, message);

    test("lets through what fits, with defaults", async () => {
      expect(await send({ name: "Ada" })).toEqual({ seen: { name: "Ada", age: 7 } });
    });

    test.each<[string, unknown, RegExp]>([
      ["an unknown field", { name: "Ada", admin: true }, /admin/],
      [
        "an unknown field inside",
        { name: "Ada", deep: { list: [{ n: 1, admin: true }] } },
        /deep\.list.*0.*admin/,
      ],
      ["a wrong type", { name: 5 }, /name/],
      ["a wrong type inside", { name: "Ada", deep: { list: [{ n: 1 }, { n: "1" }] } }, /deep\.list.*1.*n/],
      ["a missing field", {}, /name/],
      ["null", null, /request of Edge/],
      ["a text", "Ada", /request of Edge/],
      ["a list", [{ name: "Ada" }], /request of Edge/],
      ["__proto__", json('{"name":"Ada","__proto__":{"admin":true}}'), /__proto__/],
      ["__proto__ inside", json('{"name":"Ada","by":{"__proto__":{"admin":1}}}'), /by: the key '__proto__'/],
      [
        "constructor.prototype",
        json('{"name":"Ada","constructor":{"prototype":{"admin":1}}}'),
        /constructor/,
      ],
      ["constructor", json('{"name":"Ada","constructor":{"name":"x"}}'), /constructor/],
      ["nesting without end", { name: "Ada", deep: nested(50) }, /nested deeper than/],
    ])("refuses %s, names where, and goes on", async (_what, message, where) => {
      const error = (await send(message).catch((thrown: unknown) => thrown)) as {
        code: string;
        detail: string;
      };
      expect(error).toMatchObject({ code: "BAD_REQUEST" });
      expect(error.detail).toMatch(where);
      expect(await send({ name: "Ada" })).toBeDefined();
      expect(({} as { admin?: unknown }).admin).toBeUndefined();
    });
  });

  test("a big wrong value makes no big error", async () => {
    const error = await call("Edge.Valibot", { name: "Ada", age: "x".repeat(100_000) }).catch(
      (thrown: unknown) => thrown,
    );
    expect((error as { detail: string }).detail.length).toBeLessThan(500);
  });

  test("schemas may take their time, both ways", async () => {
    expect(await call("Edge.Later", { name: "free" })).toEqual({ id: "free!" });
    await expect(call("Edge.Later", { name: "taken" })).rejects.toMatchObject({
      code: "BAD_REQUEST",
      detail: "request of Edge.Later: name: is taken",
    });
  });

  test.each([
    ["Throwing", "request of Edge.Throwing: its schema failed: cannot read properties of undefined"],
    ["Rejecting", "request of Edge.Rejecting: its schema failed: no database"],
    ["WrongReply", expect.stringContaining("reply of Edge.WrongReply: id: ")],
    ["ThrowingReply", "reply of Edge.ThrowingReply: its schema failed: cannot read properties of undefined"],
  ])("%s: what the service itself did wrong is INTERNAL", async (method, detail) => {
    const before = handled;
    await expect(call(`Edge.${method}`, {})).rejects.toMatchObject({ code: "INTERNAL", detail });
    // A request that could not be checked reaches no handler.
    expect(handled).toBe(before);
  });

  test("a stream ends at the reply that does not fit", async () => {
    const seen: unknown[] = [];
    const stream = fleet.service("caller").client.of(contract).counting({});
    await expect(
      (async () => {
        for await (const { n } of stream) seen.push(n);
      })(),
    ).rejects.toMatchObject({ code: "INTERNAL", detail: expect.stringContaining("n: ") as string });
    expect(seen).toEqual([1, 2]);
  });

  test("a handler without a contract takes any JSON, but no keys that change prototypes", async () => {
    expect(await call("Plain.Echo", { any: [1, null] })).toEqual({ request: { any: [1, null] } });
    await expect(call("Plain.Echo", json('{"__proto__":{}}'))).rejects.toMatchObject({ code: "BAD_REQUEST" });
  });
});
