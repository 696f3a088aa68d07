import { type AnyMessageType, MessageProblem, type ObjectBudget, type ProtoFile } from "@micro/core/message";
import type { Codec } from "./codec.ts";

/** What the forms of well-known types need of the walk through a message that they are part of. */
export interface JsonWalk {
  write(type: AnyMessageType, value: unknown, context: JsonContext): unknown;
  read(type: AnyMessageType, json: unknown, context: JsonContext): Message;
  /** From an object of its fields, whatever its type. */
  readFields(type: AnyMessageType, json: unknown, context: JsonContext): Message;
  hasSpecialForm(type: AnyMessageType): boolean;
}

/** What a walk through a message knows. */
export interface JsonContext {
  readonly walk: JsonWalk;
  /** The file of the outermost type: what an Any may hold is looked for from here. */
  readonly root: ProtoFile;
  readonly binary: Pick<Codec, "encode" | "decode"> | undefined;
  readonly depth: number;
  /** Of what is read. */
  readonly budget: ObjectBudget;
}

/** A message, complete. */
export type Message = Record<string, unknown>;

/** Where a message of a special form stands. */
export interface Around {
  readonly type: AnyMessageType;
  readonly context: JsonContext;
}

/** The JSON form of a well-known type that is not an object of its fields. */
export interface SpecialForm {
  /** `message` is complete. */
  toJson(message: Message, around: Around): unknown;
  /** The message, or what `create` makes it of. */
  fromJson(json: unknown, around: Around): Message;
  /** Its fields in an object are taken as well, which is what Go 22 writes (spec 1.5). */
  readonly orFields?: true;
}

/** The same surroundings, one message further inside. */
export function deeper({ walk, root, binary, depth, budget }: JsonContext): JsonContext {
  return { walk, root, binary, depth: depth + 1, budget };
}

/** Runs with the key in front of the path of a problem. */
export function inside<T>(key: PropertyKey, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof MessageProblem ? error.in(key) : error;
  }
}
