import { type AnyMessageType, descriptorOf, is64Bit, isMessageType } from "@micro/core/message";

/** Tells whether messages of a type may hold 64-bit integers, at any depth; it remembers its answers. */
export function createHolds64Bit(): (type: AnyMessageType) => boolean {
  const answers = new WeakMap<AnyMessageType, boolean>();
  return (type) => {
    let answer = answers.get(type);
    if (answer === undefined) {
      answer = search(type, new Set());
      answers.set(type, answer);
    }
    return answer;
  };
}

function search(type: AnyMessageType, seen: Set<AnyMessageType>): boolean {
  if (seen.has(type)) return false;
  seen.add(type);
  // What an Any holds is not known before it is read.
  if (type.typeName === "google.protobuf.Any") return true;
  return descriptorOf(type).fields.some((field) =>
    isMessageType(field.type)
      ? search(field.type, seen)
      : typeof field.type === "string" && is64Bit(field.type),
  );
}
