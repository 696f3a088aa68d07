import { type Codec, Codecs } from "@micro/codec";
import { codecConformance, messageCodec } from "@micro/codec/conformance";
import { instantiate, thrownBy } from "@micro/core/conformance";
import { defineEnum, defineFile, defineMessage, isMessageType, type MessageType } from "@micro/core/message";
import { Any, type Timestamp, Timestamp as TimestampType } from "@micro/core/wkt";
import { describe, expect, test } from "vitest";
import { jsonCodec } from "./index.ts";

const file = defineFile({ name: "shop.proto", package: "shop" });
const State = defineEnum(file, "State", { UNKNOWN: 0, OPEN: 1 });
interface Order {
  orderId: bigint;
  state: number;
  placedAt?: Timestamp | undefined;
  raw: Uint8Array;
  notes: string[];
  ratio: number;
}
const Order: MessageType<Order> = defineMessage(file, "Order", () => ({
  orderId: { number: 1, type: "int64" },
  state: { number: 2, type: State },
  placedAt: { number: 3, type: TimestampType },
  raw: { number: 4, type: "bytes" },
  notes: { number: 5, type: "string", repeated: true },
  ratio: { number: 6, type: "double" },
}));
const Note: MessageType<{ text: string }> = defineMessage(file, "Note", () => ({
  text: { number: 1, type: "string" },
}));
const Parcel: MessageType<{ inside?: Any | undefined }> = defineMessage(file, "Parcel", () => ({
  inside: { number: 1, type: Any },
}));

const json = messageCodec(await instantiate(jsonCodec));
const bytes = (text: string) => Buffer.from(text);
const decode = (text: string) => json.decode(bytes(text), Order);

describe("conformance", () => {
  const typed: Codec = {
    ...json,
    encode: (value) => json.encode(value, Order),
    decode: (body) => json.decode(body, Order),
  };
  const cases = codecConformance({
    codec: typed,
    samples: [
      Order.create(),
      Order.create({ orderId: 2n ** 63n - 1n, state: 1, placedAt: { seconds: 5n, nanos: 1 } }),
      Order.create({
        raw: new Uint8Array([1, 2, 3]),
        notes: ["grüße 😀", "x".repeat(100_000)],
        ratio: Number.NaN,
      }),
    ],
    invalid: [
      bytes("{"),
      bytes("[]"),
      bytes("null"),
      bytes('{"nope":1}'),
      bytes('{"__proto__":{}}'),
      bytes('"\xff'),
    ],
    unencodable: [[], 1, "text", { nope: 1 }, { raw: "text" }, () => 1],
    empty: Order.create(),
  });
  for (const promise of cases) test(promise.name, () => promise.run());
});

describe("a message type", () => {
  test("is written as protojson with a newline, and never as an empty body", () => {
    const text = Buffer.from(
      json.encode({ orderId: 5, state: 1, raw: new Uint8Array([1]) }, Order),
    ).toString();
    expect(text).toBe('{"orderId":"5","state":"OPEN","raw":"AQ=="}\n');
    for (const nothing of [undefined, null, {}]) {
      expect(Buffer.from(json.encode(nothing, Order)).toString()).toBe("{}\n");
    }
  });

  test("is read from the JSON of both generations of Go Micro (spec 1.5)", () => {
    const order = Order.create({
      orderId: 1_099_511_627_776n,
      state: 1,
      placedAt: { seconds: 5n, nanos: 0 },
    });
    expect(decode('{"order_id":1099511627776,"state":1,"placed_at":{"seconds":5}}\n')).toEqual(order);
    expect(decode('{"orderId":"1099511627776","state":"OPEN","placedAt":"1970-01-01T00:00:05Z"}')).toEqual(
      order,
    );
  });

  test("has its 64-bit integers exactly, as numbers too, and what is no integer beside them", () => {
    expect(decode('{"orderId":9223372036854775807}')).toHaveProperty("orderId", 2n ** 63n - 1n);
    expect(decode('{"order_id":-9007199254740993,"ratio":12345678901234567890}')).toEqual(
      Order.create({ orderId: -9_007_199_254_740_993n, ratio: 12_345_678_901_234_567_000 }),
    );
    expect(thrownBy(() => decode('{"orderId":9223372036854775808}')).detail).toContain(
      "orderId: must be from",
    );
    expect(thrownBy(() => decode('{"orderId":1e18}')).detail).toContain("orderId: must be a bigint");
  });

  test("is its message of defaults when the body is empty", () => {
    for (const body of ["", "\n", "  "]) expect(decode(body)).toEqual(Order.create());
  });

  test("says where a body does not fit", () => {
    const error = thrownBy(() => decode('{"notes":["a",5]}'));
    expect([error.code, error.detail]).toEqual(["BAD_REQUEST", "shop.Order: notes.1: must be a text, not 5"]);
    const reply = thrownBy(() => json.encode({ notes: ["a", 5] }, Order));
    expect([reply.code, reply.detail]).toEqual(["INTERNAL", "shop.Order: notes.1: must be a text, not 5"]);
  });

  test("keeps to the limits of the codec", async () => {
    const small = messageCodec(
      await instantiate(jsonCodec, { config: { jsonMaxSize: "10B", jsonMaxDepth: 2 } }),
    );
    expect(thrownBy(() => small.decode(bytes('{"notes":["aaaaaa"]}'), Order)).detail).toContain(
      "json_max_size",
    );
    expect(thrownBy(() => small.decode(bytes("[[[[]]]]"), Order)).detail).toContain("json_max_depth");
  });
});

test("other schemas and none leave everything as it is", () => {
  const schema = {
    "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) },
  } as const;
  for (const none of [undefined, schema]) {
    expect(Buffer.from(json.encode({ id: 5n, raw: new Uint8Array([1]) }, none)).toString()).toBe(
      '{"id":5,"raw":"AQ=="}\n',
    );
    expect(json.decode(bytes('{"order_id":1}'), none)).toEqual({ order_id: 1 });
    expect(json.decode(new Uint8Array(0), none)).toBeUndefined();
  }
});

describe("an Any", () => {
  const inside = { typeUrl: "type.googleapis.com/shop.Note", value: new Uint8Array([1]) };
  const written = '{"inside":{"@type":"type.googleapis.com/shop.Note","text":"hi"}}\n';

  test("is written and read by the codec of protobuf, wherever that is in the list", async () => {
    const seen: unknown[] = [];
    const protobuf: Codec = {
      name: "protobuf",
      contentTypes: ["application/protobuf"],
      encode(value, schema) {
        seen.push(value, isMessageType(schema) && schema.typeName);
        return new Uint8Array([1]);
      },
      decode: () => ({ text: "hi" }),
    };
    const own = await instantiate(jsonCodec);
    const codec = new Codecs([own, protobuf]).get("application/json");
    expect(Buffer.from(codec.encode({ inside }, Parcel)).toString()).toBe(written);
    expect(codec.decode(bytes(written), Parcel)).toEqual({ inside });
    expect(seen).toEqual([{ text: "hi" }, "shop.Note"]);
  });

  test("is refused where nothing reads protobuf, with what to do", () => {
    expect(thrownBy(() => json.encode({ inside }, Parcel)).detail).toContain(
      "list @micro/codec-protobuf too",
    );
    expect(Note.create()).toEqual({ text: "" });
  });
});

test("a number of millions of digits is refused at once, in few words, and is no infinite one", () => {
  const digits = "9".repeat(4_000_000);
  const started = performance.now();
  const { detail } = thrownBy(() => decode(`{"orderId":${digits}}`));
  expect(detail).toBe(
    "shop.Order: orderId: must be a bigint, a whole number or its text (int64), not Infinity",
  );
  expect(thrownBy(() => decode(`{"ratio":${digits}}`)).detail).toBe("shop.Order: ratio: is beyond a double");
  expect(performance.now() - started).toBeLessThan(1000);
  expect(decode('{"orderId":-9223372036854775808}')).toMatchObject({ orderId: -(2n ** 63n) });
});
