import { Metadata, MicroError } from "@micro/core";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EMPTY, type Frame, Kind, readFrames, readHeader, writeHeader } from "./frames.ts";
import { decodeGoMessage, encodeGoMessage } from "./go-message.ts";
import { Outbox } from "./outbox.ts";
import { Parts } from "./parts.ts";

const limits = { maxMessageSize: 64 * 1024, maxHeaderSize: 16 * 1024, maxHeaders: 100, maxConcurrent: 16 };

const text = fc.string({ unit: "binary" }).map((any) => any.replaceAll("\0", ""));
const header = fc
  .uniqueArray(fc.tuple(fc.stringMatching(/^[a-z][a-z-]{0,20}$/), text), {
    selector: ([key]) => key,
    maxLength: 20,
  })
  .map((pairs) => new Metadata(pairs));
const body = fc.uint8Array({ maxLength: 3000 });

/** What a peer reads of the frames that are sent to it through messages of `maxPayload` bytes. */
function through(
  maxPayload: number,
  send: (outbox: Outbox) => void,
): { frames: Frame[]; payloads: number[] } {
  const frames: Frame[] = [];
  const payloads: number[] = [];
  const parts = new Parts(limits);
  const link = { maxPayload } as ConstructorParameters<typeof Outbox>[0]["link"];
  const publish = (payload: Uint8Array): void => {
    payloads.push(payload.length);
    readFrames(payload, (frame) => {
      if (frame.kind === Kind.part) parts.add(frame);
      else frames.push({ ...frame, body: parts.whole(frame) as Uint8Array });
    });
  };
  const outbox = new Outbox({
    link,
    chunking: true,
    publish,
    onError: (error) => expect.unreachable(error.message),
  });
  send(outbox);
  outbox.flush();
  return { frames, payloads };
}

test("messages come out as they went in, in order, whatever the server's max_payload", () => {
  const messages = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 }), header, body), { maxLength: 20 });
  fc.assert(
    fc.property(messages, fc.integer({ min: 8192, max: 100_000 }), (sent, maxPayload) => {
      const { frames, payloads } = through(maxPayload, (outbox) => {
        for (const [id, pairs, bytes] of sent) {
          outbox.frame(Kind.message, id, writeHeader(pairs, { ...limits, maxHeaderSize: 4096 }), bytes);
        }
      });
      const seen = frames.map(({ id, head, body: bytes }) => [id, [...readHeader(head, limits)], [...bytes]]);
      expect(seen).toEqual(sent.map(([id, pairs, bytes]) => [id, [...pairs], [...bytes]]));
      expect(payloads.every((size) => size <= maxPayload)).toBe(true);
    }),
    { numRuns: 100, examples: [] },
  );
});

test("a body larger than max_payload goes in messages that are full", () => {
  const bytes = new Uint8Array(10_000).fill(7);
  const { frames, payloads } = through(1000, (outbox) => outbox.frame(Kind.reply, 1, "", bytes));
  expect(frames.map(({ body: whole }) => whole.length)).toEqual([10_000]);
  expect(payloads.slice(0, -1).every((size) => size === 1000)).toBe(true);
});

test("any bytes are frames or a BAD_REQUEST", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      try {
        readFrames(bytes, ({ head }) => void readHeader(head, limits));
      } catch (error) {
        expect(MicroError.is(error) && error.code).toMatch(/BAD_REQUEST|RESOURCE_EXHAUSTED/);
      }
    }),
  );
});

test("a message of Go's JSON comes out as it went in, but for the case of keys; any JSON is one or a BAD_REQUEST", () => {
  fc.assert(
    fc.property(header, body, (pairs, bytes) => {
      const back = decodeGoMessage(encodeGoMessage({ header: pairs, body: bytes }, limits), limits);
      expect(new Map(back.header)).toEqual(new Map(pairs));
      expect([...back.body]).toEqual([...bytes]);
    }),
  );
  fc.assert(
    fc.property(fc.json(), (json) => {
      try {
        decodeGoMessage(new TextEncoder().encode(json), limits);
      } catch (error) {
        expect(MicroError.is(error) && error.code).toMatch(/BAD_REQUEST|RESOURCE_EXHAUSTED/);
      }
    }),
  );
});

test("pieces of a message that is too large are counted and not kept, and so many messages at once are refused", () => {
  const parts = new Parts(limits);
  const piece = { kind: Kind.part, id: 1, head: "", body: new Uint8Array(limits.maxMessageSize) };
  parts.add(piece);
  parts.add(piece);
  expect(parts.whole({ ...piece, body: EMPTY })).toBe(2 * limits.maxMessageSize);
  expect(parts.whole({ ...piece, body: EMPTY })).toHaveLength(0);
  for (let id = 1; id <= limits.maxConcurrent; id++) parts.add({ ...piece, id, body: EMPTY });
  expect(() => parts.add({ ...piece, id: 99, body: EMPTY })).toThrow(/too many messages/);
});
