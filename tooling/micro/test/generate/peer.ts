import { createFileRegistry, type FileRegistry, fromBinary, toBinary, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema, type FileDescriptorSet as PeerSet } from "@bufbuild/protobuf/wkt";
import { messageFromJson, messageToJson } from "@micro/codec";
import { messageCodec } from "@micro/codec/conformance";
import { protobufCodec } from "@micro/codec-protobuf";
import { instantiate } from "@micro/core/conformance";
import { FileDescriptorSet, fileDescriptorOf } from "@micro/core/descriptor";
import type { AnyMessageType, ProtoFile } from "@micro/core/message";
import { expect } from "vitest";
import { randomMessage, randomOf } from "./random-message.ts";
import type { Loaded } from "./sandbox.ts";

const codec = messageCodec(await instantiate(protobufCodec));

/** The descriptors of generated files, as another implementation reads them. */
export function describedBy({ files, contracts }: Pick<Loaded, "files" | "contracts">): PeerSet {
  const set = { file: files.map((file) => fileDescriptorOf(file, contracts)) };
  return fromBinary(FileDescriptorSetSchema, codec.encode(set, FileDescriptorSet));
}

/** The files and everything that they import, each behind what it imports. */
export function withImports(files: readonly ProtoFile[]): readonly ProtoFile[] {
  const found = new Set<ProtoFile>();
  const add = (file: ProtoFile): void => {
    if (found.has(file)) return;
    for (const imported of file.imports) add(imported);
    found.add(file);
  };
  for (const file of files) add(file);
  return [...found];
}

/** The types of a set of descriptors. */
export function registryOf(set: PeerSet): FileRegistry {
  return createFileRegistry(set);
}

/** Writes random messages of a type as bytes and as JSON, and compares each with what the other implementation does. */
export function compareMessages(type: AnyMessageType, registry: FileRegistry, count: number): void {
  const peer = registry.getMessage(type.typeName);
  if (peer === undefined) throw new Error(`the peer does not know ${type.typeName}`);
  for (let seed = 0; seed < count; seed++) {
    const where = `${type.typeName}, seed ${seed}`;
    const init = randomMessage(type, randomOf(seed));
    const message = type.create(init as never);
    const bytes = codec.encode(init, type);
    const theirs = fromBinary(peer, bytes);
    expect(hex(toBinary(peer, theirs)), where).toBe(hex(bytes));
    expect(codec.decode(bytes, type), where).toEqual(message);
    const json = toJson(peer, theirs, { registry });
    expect(messageToJson(type, init), where).toEqual(json);
    expect(messageFromJson(type, json), where).toEqual(message);
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}
