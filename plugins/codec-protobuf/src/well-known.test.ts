import type { DescEnum, DescFile, DescMessage } from "@bufbuild/protobuf";
import * as peer from "@bufbuild/protobuf/wkt";
import { descriptorFile, fileDescriptorOf } from "@micro/core/descriptor";
import type { ProtoFile } from "@micro/core/message";
import * as wkt from "@micro/core/wkt";
import { describe, expect, test } from "vitest";

interface Described {
  readonly name?: string | undefined;
  readonly field: readonly { name?: string | undefined }[];
  readonly nestedType: readonly Described[];
  readonly enumType: readonly { name?: string | undefined; value: readonly object[] }[];
  readonly oneofDecl: readonly object[];
}

const named = <T extends { name?: string | undefined }>(list: readonly T[], name: string | undefined) =>
  list.find((entry) => entry.name === name);

/** What we say of a message is what protoc said; `whole` when we say all of it. */
function compare(ours: Described, theirs: DescMessage, whole: boolean): void {
  const { proto } = theirs;
  if (whole) expect(ours.field.map(({ name }) => name)).toEqual(proto.field.map(({ name }) => name));
  for (const field of ours.field) {
    const other = named(proto.field, field.name);
    expect(field, `${theirs.typeName}.${field.name}`).toMatchObject({
      number: other?.number,
      type: other?.type,
      label: other?.label,
    });
    expect((field as { typeName?: string }).typeName ?? "").toBe(other?.typeName);
    expect((field as { oneofIndex?: number }).oneofIndex).toBe(
      other !== undefined && Object.hasOwn(other, "oneofIndex") ? other.oneofIndex : undefined,
    );
  }
  expect(ours.oneofDecl).toHaveLength(proto.oneofDecl.length);
  for (const nested of ours.nestedType) {
    if (!nested.name?.endsWith("Entry"))
      compare(nested, named(theirs.nestedMessages, nested.name) as never, whole);
  }
  for (const kind of ours.enumType) compareEnum(kind, named(theirs.nestedEnums, kind.name));
}

function compareEnum(ours: Described["enumType"][number], theirs: DescEnum | undefined): void {
  expect(ours.value).toEqual(theirs?.values.map(({ name, number }) => ({ name, number })));
}

function compareFiles(file: ProtoFile, theirs: DescFile, whole: boolean): void {
  const ours = fileDescriptorOf(file);
  expect(ours).toMatchObject({ name: theirs.proto.name, package: theirs.proto.package });
  if (whole) expect(ours.messageType).toHaveLength(theirs.messages.length);
  for (const message of ours.messageType) {
    const other = named(theirs.messages, message.name);
    compare(message, other ?? expect.fail(`${message.name} is unknown to the peer`), whole);
  }
  for (const kind of ours.enumType) compareEnum(kind, named(theirs.enums, kind.name));
}

describe("the well-known types are those of protoc", () => {
  test.each<[string, ProtoFile, DescFile]>([
    ["any", wkt.anyFile, peer.file_google_protobuf_any],
    ["duration", wkt.durationFile, peer.file_google_protobuf_duration],
    ["empty", wkt.emptyFile, peer.file_google_protobuf_empty],
    ["field_mask", wkt.fieldMaskFile, peer.file_google_protobuf_field_mask],
    ["struct", wkt.structFile, peer.file_google_protobuf_struct],
    ["timestamp", wkt.timestampFile, peer.file_google_protobuf_timestamp],
    ["wrappers", wkt.wrappersFile, peer.file_google_protobuf_wrappers],
  ])("%s", (_name, ours, theirs) => {
    compareFiles(ours, theirs, true);
  });

  test("descriptor, as far as definitions can say it", () => {
    compareFiles(descriptorFile, peer.file_google_protobuf_descriptor, false);
  });
});
