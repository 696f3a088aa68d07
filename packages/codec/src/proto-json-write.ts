import {
  type AnyMessageType,
  buildMessage,
  descriptorOf,
  type Field,
  isEnumType,
  isMessageType,
  kindOf,
  MessageProblem,
  mapKey,
  messageSource,
  propertyOf,
} from "@micro/core/message";
import { enumToJson, scalarToJson } from "./proto-json-scalar.ts";
import { deeper, inside, type JsonContext } from "./proto-json-special.ts";
import { specialForm } from "./proto-json-wkt.ts";

/** A message as a JSON value. Throws a MessageProblem. */
export function writeMessage(type: AnyMessageType, value: unknown, context: JsonContext): unknown {
  const special = specialForm(type);
  if (special !== undefined) {
    return special.toJson(buildMessage(type, value, context.depth), { type, context });
  }
  const source = messageSource(type, value, context.depth);
  const json: Record<string, unknown> = {};
  let current = "";
  try {
    for (const field of descriptorOf(type).fields) {
      const { presence } = field;
      current = field.key;
      const given = propertyOf(source, current);
      if (given !== undefined) {
        const written = writeField(field, given, context);
        if (presence !== "implicit" || !isDefault(field, given, written)) json[field.jsonName] = written;
      } else if (presence === "required") {
        throw new MessageProblem("is required");
      }
    }
  } catch (error) {
    throw error instanceof MessageProblem ? error.in(current) : error;
  }
  return json;
}

function writeField(field: Field, given: unknown, context: JsonContext): unknown {
  if (field.shape === "single") return writeValue(field, given, context);
  if (field.shape === "repeated") {
    if (!Array.isArray(given)) throw new MessageProblem(`must be a list, not ${kindOf(given)}`);
    return given.map((entry, index) => inside(index, () => writeValue(field, entry, context)));
  }
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw new MessageProblem(`must be an object with a property per entry, not ${kindOf(given)}`);
  }
  const map: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(given)) {
    map[mapKey(field, key)] = inside(key, () => writeValue(field, entry, context));
  }
  return map;
}

function writeValue({ type }: Field, value: unknown, context: JsonContext): unknown {
  if (typeof type === "string") return scalarToJson(type, value);
  return isMessageType(type) ? writeMessage(type, value, deeper(context)) : enumToJson(type, value);
}

/** Whether a field that was written means the same as one that is not there. */
function isDefault({ shape, type }: Field, given: unknown, written: unknown): boolean {
  if (shape === "repeated") return (written as unknown[]).length === 0;
  if (shape === "map") return Object.keys(written as object).length === 0;
  if (typeof type !== "string") return isEnumType(type) && given === 0;
  // -0 is another value, and "0" is a 64-bit integer.
  const isZero = Object.is(written, 0) || (written === "0" && type !== "string");
  return isZero || written === "" || written === false;
}
