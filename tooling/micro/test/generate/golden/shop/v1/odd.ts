// Code generated from shop/v1/odd.proto by `micro generate`. DO NOT EDIT.
import {
  defineEnum,
  defineFile,
  defineMessage,
  type EnumValue,
  type MessageType,
  type OneOf,
} from "@micro/core/message";
import { Money, moneyFile } from "./money.ts";

/** `shop/v1/odd.proto`. */
export const oddFile = defineFile({
  name: "shop/v1/odd.proto",
  package: "shop.v1.odd",
  syntax: "proto2",
  imports: [moneyFile],
});

/** Names that mean something else in TypeScript, and rules of proto2. */
export interface DateMessage {
  year: number;
  day?: bigint | undefined;
  ratio?: number | undefined;
  kind?: Kind | undefined;
  packed: number[];
  unpacked: number[];
  text?: string | undefined;
  price?: Money | undefined;
  first?: Outer_Inner | undefined;
  second?: Outer_Inner_2 | undefined;
  raw?: Uint8Array | undefined;
}
export const DateMessage: MessageType<DateMessage> = defineMessage(
  oddFile,
  "Date",
  () => ({
    year: { number: 1, type: "int32", required: true },
    day: { number: 2, type: "int64", default: -9223372036854775808n },
    ratio: { number: 3, type: "double", default: Infinity },
    kind: { number: 4, type: Kind, default: "KIND_B" },
    packed: { number: 5, type: "int32", repeated: true, packed: true },
    unpacked: { number: 6, type: "int32", repeated: true },
    text: { number: 7, type: "string", default: 'say "hi"' },
    price: { number: 8, type: Money },
    first: { number: 9, type: Outer_Inner },
    second: { number: 10, type: Outer_Inner_2 },
    raw: { number: 11, type: "bytes" },
  }),
  { description: "Names that mean something else in TypeScript, and rules of proto2." },
);

export const Kind = defineEnum(oddFile, "Kind", { KIND_A: 1, KIND_B: 2 });
export type Kind = EnumValue<typeof Kind>;

export type Outer = Record<string, never>;
export const Outer: MessageType<Outer> = defineMessage(oddFile, "Outer", () => ({}));

export type Outer_Inner_2 = Record<string, never>;
export const Outer_Inner_2: MessageType<Outer_Inner_2> = defineMessage(oddFile, "Outer.Inner", () => ({}));

export interface Outer_Inner {
  bytes?: Uint8ArrayMessage | undefined;
  promise?: PromiseMessage | undefined;
}
export const Outer_Inner: MessageType<Outer_Inner> = defineMessage(oddFile, "Outer_Inner", () => ({
  bytes: { number: 1, type: Uint8ArrayMessage },
  promise: { number: 2, type: PromiseMessage },
}));

export interface Uint8ArrayMessage {
  chunks: Uint8Array[];
}
export const Uint8ArrayMessage: MessageType<Uint8ArrayMessage> = defineMessage(oddFile, "Uint8Array", () => ({
  chunks: { number: 1, type: "bytes", repeated: true },
}));

export type PromiseMessage = OneOf<{
  promise: PromiseMessage;
  text: string;
  number: number;
}>;
export const PromiseMessage: MessageType<PromiseMessage> = defineMessage(oddFile, "Promise", () => ({
  promise: { number: 1, type: PromiseMessage, oneof: "value" },
  text: { number: 2, type: "string", oneof: "value" },
  number: { number: 3, type: "fixed64", oneof: "value", int64: "number" },
}));

/** What every object has by inheritance. */
export interface Inherited {
  constructor?: string | undefined;
  toString: number[];
}
export const Inherited: MessageType<Inherited> = defineMessage(
  oddFile,
  "Inherited",
  () => ({
    constructor: { number: 1, type: "string" } as const,
    toString: { number: 2, type: "int32", repeated: true } as const,
  }),
  { description: "What every object has by inheritance." },
);
