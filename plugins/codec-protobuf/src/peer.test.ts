import {
  createFileRegistry,
  type DescMessage,
  type FileRegistry,
  fromBinary,
  fromJsonString,
  toBinary,
  toJson,
} from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { messageFromJson, messageToJson } from "@micro/codec";
import { messageCodec } from "@micro/codec/conformance";
import { instantiate } from "@micro/core/conformance";
import { FileDescriptorSet, fileDescriptorOf } from "@micro/core/descriptor";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { protobufCodec } from "./index.ts";
import { messages } from "./testing/random.ts";
import { files, type Loose, types } from "./testing/wide.ts";

const codec = messageCodec(await instantiate(protobufCodec));

/** The peer knows our types by the descriptors that we write, in the bytes that we write. */
function peerRegistry(): FileRegistry {
  const set = { file: files.map((file) => fileDescriptorOf(file)) };
  return createFileRegistry(fromBinary(FileDescriptorSetSchema, codec.encode(set, FileDescriptorSet)));
}

const registry = peerRegistry();

function peerType({ typeName }: Loose): DescMessage {
  const found = registry.getMessage(typeName);
  if (found === undefined) throw new Error(`the peer does not know ${typeName}`);
  return found;
}

/** Of each type and test; many more were tried when this was written. */
const RUNS = 50;

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe.each(types.map((type) => [type.typeName, type] as const))("%s", (_name, type) => {
  const peer = peerType(type);

  test("is the same bytes here and there", () => {
    fc.assert(
      fc.property(messages(type), (init) => {
        const bytes = codec.encode(init, type);
        const message = type.create(init as never);
        expect(hex(toBinary(peer, fromBinary(peer, bytes)))).toBe(hex(bytes));
        expect(codec.decode(bytes, type)).toEqual(message);
        expect(hex(codec.encode(message, type))).toBe(hex(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  test("is the same JSON here and there", () => {
    fc.assert(
      fc.property(messages(type), (init) => {
        const bytes = codec.encode(init, type);
        const json = messageToJson(type, init, { binary: codec });
        expect(json).toEqual(toJson(peer, fromBinary(peer, bytes), { registry }));
        const text = JSON.stringify(json);
        expect(hex(toBinary(peer, fromJsonString(peer, text, { registry })))).toBe(hex(bytes));
        expect(messageFromJson(type, JSON.parse(text), { binary: codec })).toEqual(
          type.create(init as never),
        );
      }),
      { numRuns: RUNS },
    );
  });

  test("is read from JSON with the names of the .proto file, and numbers for enums", () => {
    fc.assert(
      fc.property(messages(type), (init) => {
        const message = fromBinary(peer, codec.encode(init, type));
        const json = toJson(peer, message, {
          registry,
          useProtoFieldName: true,
          enumAsInteger: true,
          alwaysEmitImplicit: true,
        });
        expect(messageFromJson(type, JSON.parse(JSON.stringify(json)))).toEqual(type.create(init as never));
      }),
      { numRuns: RUNS },
    );
  });
});
