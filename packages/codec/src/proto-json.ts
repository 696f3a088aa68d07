import { MicroError } from "@micro/core";
import {
  type AnyMessageType,
  descriptorOf,
  MessageProblem,
  ObjectBudget,
  type ObjectLimit,
} from "@micro/core/message";
import type { Codec } from "./codec.ts";
import { readFields, readMessage } from "./proto-json-read.ts";
import type { JsonContext, JsonWalk } from "./proto-json-special.ts";
import { specialForm } from "./proto-json-wkt.ts";
import { writeMessage } from "./proto-json-write.ts";

/** What both directions of proto3 JSON take. */
export interface ProtoJsonOptions {
  /** Reads and writes the bytes inside a `google.protobuf.Any`; without it such a field is refused. */
  readonly binary?: Pick<Codec, "encode" | "decode"> | undefined;
  /** Bounds what is read. @default 2,000,000 objects */
  readonly limit?: ObjectLimit;
}

const DEFAULT_LIMIT: ObjectLimit = { max: 2_000_000, option: "the limit of messageFromJson" };

/**
 * A message as a plain JSON value, by the rules of proto3 JSON: lowerCamelCase names, 64-bit integers as text, enums by
 * name, bytes as base64, times as RFC 3339, defaults without presence left out (spec 1.5). It takes what `create` of the
 * type takes. Throws a MicroError `INTERNAL` that names the path of what does not fit.
 */
export function messageToJson(
  type: AnyMessageType,
  message: unknown,
  options: ProtoJsonOptions = {},
): unknown {
  return withErrors("INTERNAL", type, () => writeMessage(type, message, contextOf(type, options)));
}

/**
 * The complete message of a JSON value. It takes what both generations of Go Micro write (spec 1.5): names in either
 * spelling, 64-bit integers as text, number or bigint, enums by name or number, times as RFC 3339 or as seconds and
 * nanos, both alphabets of base64; null is absent. Throws a MicroError `BAD_REQUEST` that names the path of what does
 * not fit, unknown fields among it, and of what would become too many objects.
 */
export function messageFromJson(
  type: AnyMessageType,
  json: unknown,
  options: ProtoJsonOptions = {},
): unknown {
  return withErrors("BAD_REQUEST", type, () => readMessage(type, json, contextOf(type, options)));
}

const WALK: JsonWalk = {
  write: writeMessage,
  read: readMessage,
  readFields,
  hasSpecialForm: (type) => specialForm(type) !== undefined,
};

function contextOf(type: AnyMessageType, { binary, limit = DEFAULT_LIMIT }: ProtoJsonOptions): JsonContext {
  const budget = new ObjectBudget(limit);
  return { walk: WALK, root: descriptorOf(type).file, binary, depth: 0, budget };
}

function withErrors<T>(code: "INTERNAL" | "BAD_REQUEST", type: AnyMessageType, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof MessageProblem)) throw error;
    throw new MicroError({ code, detail: `${type.typeName}: ${error.text}`, cause: error });
  }
}
