import { descriptorOf, enumDescriptorOf, type ProtoFile } from "@micro/core/message";
import {
  anyFile,
  durationFile,
  emptyFile,
  fieldMaskFile,
  structFile,
  timestampFile,
  wrappersFile,
} from "@micro/core/wkt";
import type { WellKnownFile } from "./model.ts";

const FILES: Readonly<Record<string, ProtoFile>> = {
  anyFile,
  durationFile,
  emptyFile,
  fieldMaskFile,
  structFile,
  timestampFile,
  wrappersFile,
};

const byName: ReadonlyMap<string, WellKnownFile> = new Map(
  Object.entries(FILES).map(([constant, wellKnown]) => [
    wellKnown.name,
    { name: wellKnown.name, constant, wellKnown },
  ]),
);

/** The file of `@micro/core/wkt` with this import name. */
export function wellKnownFile(name: string): WellKnownFile | undefined {
  return byName.get(name);
}

/** The types of a well-known file by their full name; their name inside the file is their name in TypeScript. */
export function wellKnownTypes(file: WellKnownFile): ReadonlyMap<string, "message" | "enum"> {
  const { messages, enums } = file.wellKnown;
  return new Map([
    ...messages.map((type) => [descriptorOf(type).typeName, "message"] as const),
    ...enums.map((type) => [enumDescriptorOf(type).typeName, "enum"] as const),
  ]);
}

/** The well-known file that declares a type. */
export function wellKnownFileOf(fullName: string): WellKnownFile | undefined {
  return [...byName.values()].find((file) => wellKnownTypes(file).has(fullName));
}

/** Files that are usually imported for their options only, and then need not be there. */
export function isAnnotationsFile(name: string): boolean {
  return /^google\/(api|rpc|type|protobuf)\//.test(name);
}
