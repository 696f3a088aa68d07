import { defineMessage, type FieldsOptions, lowerCamelCase } from "../message/define.ts";
import type { AnyMessageType, FieldOptions, ProtoFile, ScalarType } from "../message/descriptor.ts";
import { Struct, Value } from "../message/wkt.ts";
import { assignNumbers } from "./assign-numbers.ts";
import { STRUCT, VALUE } from "./map-type.ts";
import type { ProtoField, ProtoMessage } from "./proto-model.ts";

/**
 * What a schema wants to see of a field that a message does not have, by property: an empty list or map, which Protocol
 * Buffers do not tell from an absent one, or null. Other fields are left out.
 */
export type WhenAbsent = ReadonlyMap<string, "list" | "map" | "null">;

/** What {@link defineMessages} gives. */
export interface DerivedMessages {
  /** By name; any JSON value and any JSON object among them. */
  readonly types: ReadonlyMap<string, AnyMessageType>;
  readonly whenAbsent: ReadonlyMap<AnyMessageType, WhenAbsent>;
}

/** Adds the messages to the file. They have no enums. */
export function defineMessages(file: ProtoFile, messages: readonly ProtoMessage[]): DerivedMessages {
  const types = new Map<string, AnyMessageType>([
    [VALUE, Value],
    [STRUCT, Struct],
  ]);
  const whenAbsent = new Map<AnyMessageType, WhenAbsent>();
  for (const message of messages) {
    const { name, comment, deprecated } = message;
    const type = defineMessage<Record<string, unknown>>(file, name, () => fieldsOf(message, types), {
      ...(comment.length === 0 ? {} : { description: comment.join("\n") }),
      deprecated,
    });
    types.set(name, type);
    whenAbsent.set(type, absentFields(message));
  }
  return { types, whenAbsent };
}

function fieldsOf({ fields }: ProtoMessage, types: ReadonlyMap<string, AnyMessageType>): FieldsOptions {
  const { numbers } = assignNumbers(
    fields.map(({ name }) => name),
    { known: undefined, first: 1 },
  );
  return Object.fromEntries(
    fields.map((field) => {
      const { name, label, comment, deprecated } = field;
      const options = {
        ...typeOf(field, types),
        number: numbers.get(name) ?? 0,
        name,
        jsonName: jsonNameOf(field),
        deprecated,
        ...(label === "repeated" ? { repeated: true } : {}),
        ...(label === "optional" ? { optional: true } : {}),
        ...(comment.length === 0 ? {} : { description: comment.join("\n") }),
      };
      return [jsonNameOf(field), options];
    }),
  );
}

const MAP = /^map<string, (.+)>$/;

function typeOf(
  { type }: ProtoField,
  types: ReadonlyMap<string, AnyMessageType>,
): Pick<FieldOptions, "type" | "map"> {
  const inMap = MAP.exec(type)?.[1];
  const name = inMap ?? type;
  // What is no message is a scalar: there are no enums.
  const found = types.get(name) ?? (name as ScalarType);
  return inMap === undefined ? { type: found } : { type: found, map: "string" };
}

function jsonNameOf({ name, jsonName }: ProtoField): string {
  return jsonName ?? lowerCamelCase(name);
}

function absentFields({ fields }: ProtoMessage): WhenAbsent {
  return new Map(
    fields
      .filter(({ required }) => required)
      .flatMap((field) => {
        const { type, label, nullable } = field;
        const seen = label === "repeated" ? "list" : MAP.test(type) ? "map" : nullable ? "null" : undefined;
        return seen === undefined ? [] : [[jsonNameOf(field), seen] as const];
      }),
  );
}
