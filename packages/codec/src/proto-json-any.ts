import { MicroError } from "@micro/core";
import { type AnyMessageType, kindOf, MessageProblem, type ProtoFile } from "@micro/core/message";
import {
  anyFile,
  durationFile,
  emptyFile,
  fieldMaskFile,
  structFile,
  timestampFile,
  wrappersFile,
} from "@micro/core/wkt";
import { deeper, type JsonContext, type Message, type SpecialForm } from "./proto-json-special.ts";

const TYPE = "@type";

/** The message inside with its type beside its fields; under `value` if it has a form of its own. */
export const ANY: SpecialForm = {
  toJson({ typeUrl, value }, { context }) {
    const bytes = value as Uint8Array;
    if (typeUrl === "") {
      if (bytes.length > 0) throw new MessageProblem("has bytes but no type").in("typeUrl");
      return {};
    }
    const type = typeOfUrl(typeUrl as string, context, "typeUrl");
    const message = asProblem("value", () => binaryOf(context).decode(bytes, type));
    const json = context.walk.write(type, message, deeper(context));
    return hasValue(type, context)
      ? { [TYPE]: typeUrl, value: json }
      : { [TYPE]: typeUrl, ...(json as Message) };
  },
  fromJson(json, { type: any, context }) {
    if (typeof json !== "object" || json === null || Array.isArray(json)) {
      throw new MessageProblem(`must be an object with '${TYPE}', not ${kindOf(json)}`);
    }
    const { [TYPE]: typeUrl, ...rest } = json as Message;
    // Go 22 writes the two fields (spec 1.5), and nothing at all is an Any without a message.
    if (typeUrl === undefined) return context.walk.readFields(any, json, context);
    if (typeof typeUrl !== "string") {
      throw new MessageProblem(`must be the URL of a type, not ${kindOf(typeUrl)}`).in(TYPE);
    }
    const type = typeOfUrl(typeUrl, context, TYPE);
    const message = context.walk.read(
      type,
      hasValue(type, context) ? onlyValue(rest, type) : rest,
      deeper(context),
    );
    const bytes = asProblem("value", () => binaryOf(context).encode(message, type));
    // Not a Buffer, which a field of bytes never is.
    return { typeUrl, value: new Uint8Array(bytes) };
  },
};

/** Go has Empty under `value` too, and older ones insist on it. */
function hasValue(type: AnyMessageType, { walk }: JsonContext): boolean {
  return isEmpty(type) || walk.hasSpecialForm(type);
}

function isEmpty({ typeName }: AnyMessageType): boolean {
  return typeName === "google.protobuf.Empty";
}

function onlyValue(rest: Message, type: AnyMessageType): unknown {
  for (const key of Object.keys(rest)) {
    if (key !== "value") throw new MessageProblem(`an Any of ${type.typeName} has 'value' alone`).in(key);
  }
  if ("value" in rest) return rest.value;
  if (isEmpty(type)) return {};
  throw new MessageProblem(`is missing: an Any of ${type.typeName} has its message there`).in("value");
}

/** Types that were found, by the file that was looked from: as many as there are, as what is not found is not kept. */
const known = new WeakMap<ProtoFile, Map<string, AnyMessageType>>();

function typeOfUrl(url: string, { root }: JsonContext, key: string): AnyMessageType {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const found = known.get(root)?.get(name);
  if (found !== undefined) return found;
  const type = findType(name, root);
  if (type === undefined) {
    throw new MessageProblem(
      `the type ${kindOf(url)} is unknown here: an Any in JSON may hold messages of '${root.name}' and of the files that it imports`,
    ).in(key);
  }
  const types = known.get(root) ?? new Map<string, AnyMessageType>();
  known.set(root, types.set(name, type));
  return type;
}

function findType(name: string, root: ProtoFile): AnyMessageType | undefined {
  const files = new Set([
    root,
    anyFile,
    durationFile,
    emptyFile,
    fieldMaskFile,
    structFile,
    timestampFile,
    wrappersFile,
  ]);
  // What is added on the way is visited too.
  for (const file of files) {
    const found = file.messages.find(({ typeName }) => typeName === name);
    if (found !== undefined) return found;
    for (const imported of file.imports) files.add(imported);
  }
  return undefined;
}

function binaryOf({ binary }: JsonContext): NonNullable<JsonContext["binary"]> {
  if (binary !== undefined) return binary;
  throw new MessageProblem(
    "an Any holds protobuf, which no codec of this service serves: list @micro/codec-protobuf too",
  );
}

/** Errors of the other codec, with the place of this one. */
function asProblem<T>(key: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!MicroError.is(error)) throw error;
    const problem = new MessageProblem(error.detail).in(key);
    problem.cause = error;
    throw problem;
  }
}
