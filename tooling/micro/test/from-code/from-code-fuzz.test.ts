import { defineContract, type StandardSchema, unary } from "@micro/core";
import { contractJsonSchema, serviceDescriptor } from "@micro/core/describe";
import { mergeContracts, protoOf } from "@micro/core/proto";
import fc from "fast-check";
import protobuf from "protobufjs";
import { expect, test } from "vitest";
import { readNumbers } from "../../src/from-code/field-numbers.ts";
import { printProto } from "../../src/from-code/print-proto.ts";

type Json = Readonly<Record<string, unknown>>;

/** Names that do harm where code is generated carelessly, among others. Without those that the command refuses. */
const names = fc.constantFrom(
  "a",
  "b",
  "orderId",
  "x-y",
  "message",
  "string",
  "constructor",
  "Call",
  "A",
  "1st",
  "ä",
  "OPEN",
  'q"\\',
  "toString",
);
const texts = fc.constantFrom("OPEN", "SHUT", "a", "a b", "", 'q"\n*/', "orderId");

/** JSON Schemas of any shape, references to each other and to themselves among them. */
const { schema } = fc.letrec<{ schema: Json }>((tie) => {
  const any = tie("schema");
  const details = fc.record(
    {
      description: fc.constantFrom("Plain.", "Two\nlines */ // of it", ""),
      title: fc.constantFrom("Item", "no name", "A"),
    },
    { requiredKeys: [] },
  );
  const shape = fc.oneof(
    { maxDepth: 4, depthIdentifier: "schema" },
    fc.constantFrom<Json>(
      { type: "string", format: "date-time" },
      { type: "integer", minimum: 0, maximum: 10 },
      { type: "integer" },
      { type: "number" },
      { type: "boolean" },
      { type: "null" },
      { type: ["string", "null"] },
      { $ref: "#" },
      { $ref: "#/$defs/Item" },
      { $ref: "#/$defs/nowhere" },
      { $ref: "#/$defs/loop" },
      {},
    ),
    fc.uniqueArray(texts, { minLength: 1 }).map((values): Json => ({ enum: values })),
    fc.record({ type: fc.constant("array"), items: any }),
    fc.record({ type: fc.constant("array"), prefixItems: fc.array(any, { maxLength: 2 }) }),
    fc.record({ type: fc.constant("object"), additionalProperties: any }),
    fc.array(any, { minLength: 1, maxLength: 3 }).map((anyOf): Json => ({ anyOf })),
    fc.array(any, { minLength: 1, maxLength: 2 }).map((allOf): Json => ({ allOf })),
    fc
      .dictionary(names, any, { maxKeys: 4, noNullPrototype: true })
      .chain((properties) =>
        fc
          .subarray(Object.keys(properties))
          .map((required): Json => ({ type: "object", properties, required })),
      ),
  );
  return { schema: fc.tuple(shape, details).map(([one, more]) => ({ ...one, ...more })) };
});

const documents = fc.tuple(schema, schema).map(([root, item]) => ({
  ...root,
  $defs: {
    Item: item,
    loop: { anyOf: [{ $ref: "#/$defs/loop" }, { type: "array", items: { $ref: "#/$defs/loop" } }] },
  },
}));

function schemaOf(json: Json): StandardSchema {
  const described = {
    version: 1,
    vendor: "fuzz",
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: () => json, output: () => json },
  } as const;
  return { "~standard": described };
}

test("any schema becomes a .proto that is read again, with the same numbers, and a JSON Schema without dead ends", () => {
  fc.assert(
    fc.property(documents, documents, fc.boolean(), (input, output, enums) => {
      const contract = defineContract({
        name: "A",
        service: "a",
        methods: { call: unary({ input: schemaOf(input), output: schemaOf(output) }) },
      });
      const descriptor = serviceDescriptor(contract);
      expect(JSON.parse(JSON.stringify(descriptor))).toEqual(descriptor);

      const { model } = protoOf(mergeContracts("a", [descriptor]), { source: "fuzz", enums });
      const text = printProto(model, new Map());
      const { root } = protobuf.parse(text, { keepCase: true });
      root.addJSON(protobuf.common.get("google/protobuf/struct.proto")?.nested ?? {});
      root.resolveAll();
      // Of all that was read, all is found again: the numbers too.
      expect(printProto(model, readNumbers(text, "fuzz"))).toBe(text);

      const jsonSchema = contractJsonSchema(contract);
      for (const [, name = ""] of JSON.stringify(jsonSchema).matchAll(/"\$ref":"#\/\$defs\/([^"]+)"/g)) {
        // What led nowhere in the document itself still does.
        if (name !== "nowhere") expect(jsonSchema.$defs).toHaveProperty([name]);
      }
    }),
    { numRuns: 500 },
  );
});
