import { asBuffer } from "@micro/codec";
import {
  type AnyMessageType,
  defaultOf,
  descriptorOf,
  type Field,
  isMessageType,
  MAX_MESSAGE_DEPTH,
  MessageProblem,
  ObjectBudget,
  type ObjectLimit,
} from "@micro/core/message";
import { Reader } from "protobufjs/minimal.js";
import {
  asProblem,
  fieldReaders,
  type Message,
  type ReadField,
  type ReadMessage,
  type Surroundings,
} from "./decode-fields.ts";

interface FieldPlan {
  readonly field: Field;
  readonly read: ReadField;
}

interface MessagePlan {
  /** A message of defaults. */
  readonly create: () => Message;
  /** Objects that such a message is made of: itself, and its empty lists, maps and bytes. */
  readonly objects: number;
  /** By field number and wire type; any other combination is an unknown field. */
  readonly byTag: ReadonlyMap<number, FieldPlan>;
  /** The same for small tags, where a list is faster. */
  readonly bySmallTag: readonly (FieldPlan | undefined)[];
}

/** The fields up to 31. */
const SMALL_TAG = 256;

/** What is wrong with a body, and at which byte. */
export class BodyProblem extends Error {
  readonly offset: number;

  constructor(problem: MessageProblem, offset: number) {
    super(problem.text, { cause: problem.cause ?? problem });
    this.offset = offset;
  }
}

/**
 * A reader of messages: complete ones, with defaults for what is missing. Unknown fields are skipped. Throws a
 * {@link BodyProblem} for bytes that are none of the type, and for those that would become more objects than `limit` has.
 */
export function createDecode(limit: ObjectLimit): (type: AnyMessageType, bytes: Uint8Array) => unknown {
  const readers = new WeakMap<AnyMessageType, ReadMessage>();
  const required = new WeakMap<AnyMessageType, boolean>();
  const budget = new ObjectBudget(limit);

  const readerOf = (type: AnyMessageType): ReadMessage => {
    let read = readers.get(type);
    if (read === undefined) {
      let plan: MessagePlan | undefined;
      read = (reader, message, depth) => {
        // Compiled on first use: types may hold themselves.
        plan ??= planOf(type, { readerOf, budget });
        if (message !== undefined) return readMessage(reader, message, { plan, depth });
        budget.take(plan.objects);
        return readMessage(reader, plan.create(), { plan, depth });
      };
      readers.set(type, read);
    }
    return read;
  };

  return (type, bytes) => {
    const reader = Reader.create(asBuffer(bytes));
    budget.begin();
    try {
      const message = readerOf(type)(reader, undefined, 0);
      let check = required.get(type);
      if (check === undefined) {
        check = holdsRequired(type, new Set());
        required.set(type, check);
      }
      // Only at the end is known what a message has, because its parts may come in pieces.
      return check ? type.create(message as never) : message;
    } catch (error) {
      throw error instanceof MessageProblem ? new BodyProblem(error, reader.pos) : error;
    }
  };
}

function holdsRequired(type: AnyMessageType, seen: Set<AnyMessageType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  return descriptorOf(type).fields.some(
    (field) =>
      field.presence === "required" || (isMessageType(field.type) && holdsRequired(field.type, seen)),
  );
}

interface Place {
  readonly plan: MessagePlan;
  readonly depth: number;
}

function readMessage(reader: Reader, message: Message, { plan, depth }: Place): Message {
  const { byTag, bySmallTag } = plan;
  if (depth >= MAX_MESSAGE_DEPTH) {
    throw new MessageProblem(`messages are nested deeper than ${MAX_MESSAGE_DEPTH}`);
  }
  let current: Field | undefined;
  try {
    while (reader.pos < reader.len) {
      current = undefined;
      const tag = reader.tag();
      const known = tag < SMALL_TAG ? bySmallTag[tag] : byTag.get(tag);
      if (known === undefined) {
        reader.skipType(tag & 7, depth, tag >>> 3);
      } else {
        current = known.field;
        known.read(reader, message, depth);
      }
    }
  } catch (error) {
    const problem = asProblem(error);
    if (problem === undefined) throw error;
    if (current?.shape === "repeated") problem.in((message[current.key] as unknown[]).length);
    throw current === undefined ? problem : problem.in(current.key);
  }
  return message;
}

function planOf(type: AnyMessageType, around: Pick<Surroundings, "readerOf" | "budget">): MessagePlan {
  const { fields, file, oneofs } = descriptorOf(type);
  const byTag = new Map<number, FieldPlan>();
  for (const field of fields) {
    const members = field.oneof === undefined ? [] : (oneofs.get(field.oneof) ?? []);
    const rivals = members.filter((other) => other !== field).map(({ key }) => key);
    for (const [wireType, read] of fieldReaders(field, { ...around, syntax: file.syntax, rivals })) {
      byTag.set(((field.number << 3) | wireType) >>> 0, { field, read });
    }
  }
  const bySmallTag = Array.from({ length: SMALL_TAG }, (_, tag) => byTag.get(tag));
  return { byTag, bySmallTag, ...creator(fields) };
}

/** Makes messages of defaults, all of one shape. */
function creator(fields: readonly Field[]): Pick<MessagePlan, "create" | "objects"> {
  const implicit = fields.filter(({ presence }) => presence === "implicit");
  const template = Object.fromEntries(implicit.map((field) => [field.key, defaultOf(field)]));
  // Lists, maps and bytes are the message's own.
  const own = implicit.filter(({ shape, type }) => shape !== "single" || type === "bytes");
  const create = (): Message => {
    const message: Message = { ...template };
    for (const field of own) {
      message[field.key] = field.shape === "repeated" ? [] : field.shape === "map" ? {} : new Uint8Array(0);
    }
    return message;
  };
  return { create, objects: 1 + own.length };
}
