import { MicroError } from "@micro/core";
import type { KnownNumbers, NumberLock } from "@micro/core/proto";
import type { Enum, Namespace, ReflectionObject, Type } from "protobufjs";
import protobuf from "protobufjs";

/**
 * Reads the numbers of a file that was generated before. Throws a MicroError `PRECONDITION_FAILED` for a text that is
 * no `.proto`; `shownPath` is what the error calls it.
 */
export function readNumbers(text: string, shownPath: string): NumberLock {
  const lock = new Map<string, KnownNumbers>();
  let parsed: protobuf.IParserResult;
  try {
    parsed = protobuf.parse(text, { keepCase: true });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const detail = `${shownPath}: its field numbers cannot be read (${why}): repair the file, or take it away to number all fields anew`;
    throw new MicroError({ code: "PRECONDITION_FAILED", detail, cause });
  }
  const prefix = parsed.package === undefined ? "" : `${parsed.package}.`;
  const visit = (object: ReflectionObject): void => {
    const name = object.fullName.slice(1 + prefix.length);
    if (object instanceof protobuf.Type) lock.set(name, numbersOfMessage(object));
    else if (object instanceof protobuf.Enum) lock.set(name, numbersOfEnum(object));
    if (object instanceof protobuf.Namespace)
      for (const nested of (object as Namespace).nestedArray) visit(nested);
  };
  visit(parsed.root);
  return lock;
}

function numbersOfMessage(message: Type): KnownNumbers {
  const fields = message.fieldsArray;
  return {
    numbers: new Map(fields.map(({ name, id }) => [name, id])),
    types: new Map(fields.map((field) => [field.name, typeOf(field)])),
    ...reservations(message.reserved),
  };
}

function typeOf(field: protobuf.Field): string {
  const type = field instanceof protobuf.MapField ? `map<${field.keyType}, ${field.type}>` : field.type;
  return field.repeated ? `repeated ${type}` : type;
}

function numbersOfEnum(type: Enum): KnownNumbers {
  return { numbers: new Map(Object.entries(type.values)), types: new Map(), ...reservations(type.reserved) };
}

function reservations(
  reserved: readonly (readonly number[] | string)[] | undefined,
): Pick<KnownNumbers, "reservedNames" | "reservedRanges"> {
  const all = reserved ?? [];
  return {
    reservedNames: all.filter((one) => typeof one === "string"),
    reservedRanges: all
      .filter((one) => typeof one !== "string")
      .map(([from = 0, to = from]) => [from, to] as const),
  };
}
