import { Metadata, MicroError } from "@micro/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Frame, FrameKind, FrameReader, FrameWriter } from "./frames.ts";

const limits = { maxMessageSize: 64 * 1024, maxHeaderSize: 2048, maxHeaders: 12 };

const kinds = fc.constantFrom(...Object.values(FrameKind));
const key = fc.stringMatching(/^[a-z0-9-]{1,20}$/);
const headers = fc.dictionary(key, fc.string({ unit: "grapheme", maxLength: 20 }), { maxKeys: 10 });
const body = fc.oneof(
  fc.uint8Array({ maxLength: 50 }),
  fc.uint8Array({ minLength: 16_000, maxLength: 17_000 }),
);
const frames = fc.array(fc.record({ kind: kinds, header: headers, body }), { minLength: 1, maxLength: 5 });

function written(
  list: readonly { kind: FrameKind; header: Record<string, string>; body: Uint8Array }[],
): Buffer {
  const writer = new FrameWriter(limits);
  return Buffer.concat(
    list.flatMap(({ kind, header, body: bytes }) =>
      writer.write(kind, { header: new Metadata(header), body: bytes }),
    ),
  );
}

/** Reads `bytes` in pieces of these lengths, over and over; `direct` as a pipe does with large bodies. */
function read(
  bytes: Uint8Array,
  lengths: readonly number[],
  direct: boolean,
): { got: Frame[]; partial: boolean } {
  const got: Frame[] = [];
  const reader = new FrameReader(limits, (frame) => got.push(frame));
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.min(lengths[turn % lengths.length] as number, bytes.length - at);
    const target = direct ? reader.target : undefined;
    if (target !== undefined && target.length > 0) {
      const fits = Math.min(length, target.length);
      target.set(bytes.subarray(at, at + fits));
      reader.filled(fits);
      at += fits;
    } else {
      reader.read(bytes.subarray(at, at + length));
      at += length;
    }
  }
  return { got, partial: reader.partial };
}

test("what was written is read, in whatever pieces it comes", () => {
  fc.assert(
    fc.property(
      frames,
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }),
      fc.boolean(),
      (list, lengths, direct) => {
        const { got, partial } = read(written(list), lengths, direct);
        expect(partial).toBe(false);
        expect(
          got.map(({ kind, header, body: bytes }) => ({
            kind,
            header: Object.fromEntries(header),
            body: [...bytes],
          })),
        ).toEqual(list.map((frame) => ({ ...frame, header: { ...frame.header }, body: [...frame.body] })));
      },
    ),
    { numRuns: 60 },
  );
});

test("a frame that has not come as a whole is partial, and none", () => {
  const bytes = written([{ kind: FrameKind.message, header: { a: "b" }, body: new Uint8Array(20) }]);
  for (let length = 1; length < bytes.length; length++) {
    expect(read(bytes.subarray(0, length), [7], false)).toEqual({ got: [], partial: true });
  }
});

test("any bytes are frames or an error of ours, and never more memory than the limits say", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (bytes, length) => {
      try {
        read(bytes, [length], true);
      } catch (error) {
        expect(MicroError.is(error)).toBe(true);
        expect(["BAD_REQUEST", "RESOURCE_EXHAUSTED"]).toContain((error as MicroError).code);
      }
    }),
    { numRuns: 500 },
  );
});

test("one changed byte of a frame does no harm", () => {
  const bytes = written([
    {
      kind: FrameKind.call,
      header: { "content-type": "application/json", "micro-id": "1" },
      body: new Uint8Array(9),
    },
  ]);
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 1, 0x7f, 0xff]) {
      const changed = Buffer.from(bytes);
      changed[at] = value;
      try {
        read(changed, [bytes.length], false);
      } catch (error) {
        expect(MicroError.is(error)).toBe(true);
      }
    }
  }
});

const malformed: readonly (readonly [string, readonly number[], RegExp])[] = [
  ["an unknown kind", [9, 0, 0, 0, 0, 0, 0, 0], /9 is no kind of frame/],
  ["kind 0", [0, 0, 0, 0, 0, 0, 0, 0], /0 is no kind of frame/],
  ["a header block that is too large", [1, 0xff, 0xff, 0xff, 0, 0, 0, 0], /max_header_size, 2048/],
  ["a body that is too large", [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff], /max_message_size, 65536/],
  ["a pair that is cut", [1, 0, 0, 3, 0, 0, 0, 0, 1, 0, 0], /in the middle of a pair/],
  ["a value longer than its block", [1, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 9, 97], /longer than its block/],
  ["a header without a name", [1, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0], /"" is no header name/],
  ["an upper-case name", [1, 0, 0, 5, 0, 0, 0, 0, 1, 0, 0, 0, 65], /"A" is no header name/],
  ["a header twice", [1, 0, 0, 10, 0, 0, 0, 0, 1, 0, 0, 0, 97, 1, 0, 0, 0, 97], /comes twice/],
];

test.each(malformed)("%s is refused", (_, bytes, expected) => {
  expect(() => read(Uint8Array.from(bytes), [bytes.length], false)).toThrow(expected);
  expect(() => read(Uint8Array.from(bytes), [1], false)).toThrow(expected);
});

test("what is over a limit or has no name is not written", () => {
  const many = Object.fromEntries(Array.from({ length: 13 }, (_, at) => [`k${at}`, ""]));
  const write = (header: Record<string, string>) => () =>
    written([{ kind: FrameKind.message, header, body: new Uint8Array(0) }]);
  expect(write(many)).toThrow(/13 headers, more than transport.max_headers, 12/);
  expect(write({ a: "x".repeat(2048) })).toThrow(/larger than transport.max_header_size, 2048/);
  expect(write({ "no name": "x" })).toThrow(/"no name" is no header name/);
});
