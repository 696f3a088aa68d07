import { type AnyMessageType, defineFile, defineMessage, descriptorOf } from "@micro/core/message";
import * as wkt from "@micro/core/wkt";
import { expect, test } from "vitest";
import { messageFromJson } from "./index.ts";

const URL = "type.googleapis.com/shop.v1.Late";

/** Writes the names of a type's fields for bytes: what counts here is which type it is given. */
const binary = {
  encode: (_message: unknown, type: unknown) =>
    Buffer.from(
      descriptorOf(type as AnyMessageType)
        .fields.map(({ key }) => key)
        .join(),
    ),
  decode: () => ({}),
};

/** A message with an Any, of a file of its own, and the type that the Any will hold, with one field. */
function worldOf(key: string) {
  const inner = defineFile({ name: "late.proto", package: "shop.v1" });
  const outer = defineFile({ name: "outer.proto", package: "shop.v1", imports: [inner] });
  const Holder = defineMessage(outer, "Holder", () => ({ any: { number: 1, type: wkt.Any } }));
  return {
    define: () => defineMessage(inner, "Late", () => ({ [key]: { number: 1, type: "string" } })),
    read: (): string => {
      const json = { any: { "@type": URL, [key]: "a" } };
      const { any } = messageFromJson(Holder, json, { binary }) as { readonly any: wkt.Any };
      return Buffer.from(any.value).toString();
    },
  };
}

test("a type that an Any may hold is found when it comes later, and again and again", () => {
  const { define, read } = worldOf("name");
  expect(read).toThrow("is unknown here");
  define();
  for (let count = 0; count < 3; count++) expect(read()).toBe("name");
});

test("it is that of the message's own files, whatever others call the same", () => {
  for (const key of ["one", "two"]) {
    const { define, read } = worldOf(key);
    define();
    expect(read()).toBe(key);
  }
});
