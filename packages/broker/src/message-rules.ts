import { Metadata } from "@micro/core";
import type { BrokerMessage } from "./broker.ts";
import { brokerError } from "./broker-errors.ts";

const MAX_NAME_BYTES = 255;
/** Each is looked for among all others, and a message of 4 MiB has room for half a million. */
const MAX_HEADERS = 1000;

/** Throws `BAD_REQUEST` for a topic that not every broker could carry: empty, over 255 bytes, spaces, control characters. */
export function checkTopic(topic: string): void {
  checkName("topic", topic, "such as 'orders.created'");
}

/** The same for the name of a queue; undefined is none. */
export function checkQueue(queue: string | undefined): void {
  if (queue !== undefined) checkName("queue", queue, "such as 'billing', or left out for every message");
}

function checkName(what: string, name: string, advice: string): void {
  const problem =
    typeof name !== "string" || name === ""
      ? "is empty"
      : // Longer texts need not be measured: UTF-8 is never shorter than UTF-16 counts.
        name.length > MAX_NAME_BYTES || Buffer.byteLength(name) > MAX_NAME_BYTES
        ? `is longer than ${MAX_NAME_BYTES} bytes`
        : /[\s\p{Cc}]/u.test(name)
          ? "has spaces or control characters"
          : undefined;
  if (problem === undefined) return;
  const shown = typeof name === "string" ? JSON.stringify(name.slice(0, 40)) : String(name);
  throw brokerError("BAD_REQUEST", `${what} ${shown} ${problem}: it must be a name ${advice}`, {
    notSent: true,
  });
}

/** Bytes of a message as limits count them: the body, and keys and values of the header in UTF-8. */
export function messageSize({ header, body }: BrokerMessage): number {
  let size = body.byteLength;
  for (let at = 0; at < header.size; at++) {
    size += Buffer.byteLength(header.keyAt(at)) + Buffer.byteLength(header.valueAt(at));
  }
  return size;
}

/** Throws `RESOURCE_EXHAUSTED` for more than 1,000 headers. */
export function checkHeaderCount(count: number): void {
  if (count <= MAX_HEADERS) return;
  const detail = `the message has ${count} headers, and brokers carry ${MAX_HEADERS} at most`;
  throw brokerError("RESOURCE_EXHAUSTED", detail, { notSent: true });
}

/**
 * The size of a message. Throws `RESOURCE_EXHAUSTED` that names the option `max_message_size` when it is over `maxBytes`,
 * and for more than 1,000 headers.
 */
export function checkSize(message: BrokerMessage, maxBytes: number): number {
  checkHeaderCount(message.header.size);
  const size = messageSize(message);
  if (size > maxBytes) throw tooLarge(`the message has ${size} bytes`, maxBytes);
  return size;
}

/** The error of a message over `max_message_size`. */
export function tooLarge(what: string, maxBytes: number): Error {
  return brokerError(
    "RESOURCE_EXHAUSTED",
    `${what}, and the option 'max_message_size' of the broker allows ${maxBytes}`,
    { notSent: true },
  );
}

/** A copy that shares nothing with the original. */
export function copyMessage({ header, body }: BrokerMessage): BrokerMessage {
  return { header: new Metadata(header), body: new Uint8Array(body) };
}
