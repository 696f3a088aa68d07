import { type AnyMessageType, descriptorOf, type Field, isMessageType } from "@micro/core/message";

// Protobuf for the few messages of the protocol itself (status details, health, reflection): a server of JSON services
// needs no protobuf codec for them.

/** The bytes of a text or message in field `number`; nothing for an empty text, which is the default. */
export function textField(number: number, value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === "string" ? Buffer.from(value, "utf8") : value;
  if (typeof value === "string" && bytes.length === 0) return bytes;
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A number in field `number`; nothing for 0, which is the default. */
export function numberField(number: number, value: number): Uint8Array {
  return value === 0 ? EMPTY : Buffer.concat([varint(number * 8), varint(value)]);
}

/** A message of these fields. */
export function message(...fields: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat(fields);
}

const EMPTY = new Uint8Array(0);

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** The bytes of a message whose fields are texts, bytes, booleans, small whole numbers, enums and messages. */
export function encodeSmall(type: AnyMessageType, value: object): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const field of descriptorOf(type).fields) {
    const given = (value as Record<string, unknown>)[field.key];
    if (given === undefined) continue;
    for (const one of field.shape === "repeated" ? (given as readonly unknown[]) : [given]) {
      parts.push(encodeField(field, one));
    }
  }
  return message(...parts);
}

function encodeField({ number, type, presence, shape }: Field, value: unknown): Uint8Array {
  if (isMessageType(type)) return textField(number, encodeSmall(type, value as object));
  const always = presence !== "implicit" || shape === "repeated";
  if (typeof value === "string") return textField(number, always ? Buffer.from(value, "utf8") : value);
  if (value instanceof Uint8Array) return textField(number, value);
  const whole = Number(value);
  return whole === 0 && always ? Uint8Array.from([number * 8, 0]) : numberField(number, whole);
}
