import {
  type AssignedNumbers,
  assignNumbers,
  type Finding,
  type NumberLock,
  type ProtoEnum,
  type ProtoField,
  type ProtoMessage,
  type ProtoMethod,
  type ProtoModel,
  type ProtoService,
} from "@micro/core/proto";
import { ANNOTATIONS_FILE, printHttpRules } from "./print-http.ts";
import { quoted } from "./quoted.ts";

/** How the first line of a generated `.proto` ends: only such a file is overwritten. */
export const PROTO_MARK = "by `micro generate --from-code`. DO NOT EDIT.";

/** The text of a `.proto` file, with numbers as they were in `lock`. */
export function printProto(model: ProtoModel, lock: NumberLock): string {
  const { package: name, goPackage, services, messages, source } = model;
  const hasHttp = services.some(({ methods }) => methods.some(({ http }) => http.length > 0));
  const imports = [...(hasHttp ? [ANNOTATIONS_FILE] : []), ...model.imports];
  const head = [
    `// Code generated from ${source} ${PROTO_MARK}`,
    "// Commit it: the numbers of its fields are kept from one run to the next.",
    'syntax = "proto3";',
  ].join("\n");
  const parts = [
    head,
    `package ${name};`,
    ...(imports.length === 0 ? [] : [imports.map((file) => `import ${quoted(file)};`).join("\n")]),
    ...(goPackage === undefined ? [] : [`option go_package = ${quoted(goPackage)};`]),
    ...services.map(printService),
    ...messages.map((message) => printMessage(message, lock)),
  ];
  return `${parts.join("\n\n")}\n`;
}

function printService({ name, comment, deprecated, methods }: ProtoService): string {
  const body = methods.map((method) => printMethod(method));
  return [
    ...comments(comment, ""),
    `service ${name} {`,
    ...(deprecated ? ["  option deprecated = true;", ""] : []),
    body.join("\n"),
    "}",
  ].join("\n");
}

function printMethod(method: ProtoMethod): string {
  const { name, comment, request, reply, streamsRequests, streamsReplies } = method;
  const takes = `${streamsRequests ? "stream " : ""}${request}`;
  const gives = `${streamsReplies ? "stream " : ""}${reply}`;
  const options = [
    ...(method.idempotent ? ["    option idempotency_level = IDEMPOTENT;"] : []),
    ...(method.deprecated ? ["    option deprecated = true;"] : []),
    ...printHttpRules(method.http, "    "),
  ];
  const line = `  rpc ${name}(${takes}) returns (${gives})`;
  return [
    ...comments(comment, "  "),
    ...(options.length === 0 ? [`${line};`] : [`${line} {`, ...options, "  }"]),
  ].join("\n");
}

function printMessage({ name, comment, deprecated, fields, enums }: ProtoMessage, lock: NumberLock): string {
  const assigned = assignNumbers(
    fields.map((field) => field.name),
    { known: lock.get(name), first: 1 },
  );
  const lines = [
    ...(deprecated ? ["  option deprecated = true;"] : []),
    ...reserved(assigned, "  "),
    ...enums.map((one) =>
      printEnum(one, assignNumbers(one.values, { known: lock.get(`${name}.${one.name}`), first: 0 })),
    ),
    ...fields.map((field) => printField(field, assigned.numbers.get(field.name) ?? 0)),
  ];
  const open = `message ${name} {`;
  return [...comments(comment, ""), ...(lines.length === 0 ? [`${open}}`] : [open, ...lines, "}"])].join(
    "\n",
  );
}

function printEnum({ name, values }: ProtoEnum, assigned: AssignedNumbers): string {
  return [
    `  enum ${name} {`,
    ...reserved(assigned, "    "),
    ...values.map((value) => `    ${value} = ${assigned.numbers.get(value) ?? 0};`),
    "  }",
  ].join("\n");
}

function printField(
  { name, jsonName, type, label, comment, deprecated }: ProtoField,
  number: number,
): string {
  const options = [
    ...(jsonName === undefined ? [] : [`json_name = ${quoted(jsonName)}`]),
    ...(deprecated ? ["deprecated = true"] : []),
  ];
  const details = options.length === 0 ? "" : ` [${options.join(", ")}]`;
  const labelled = label === "" ? type : `${label} ${type}`;
  return [...comments(comment, "  "), `  ${labelled} ${name} = ${number}${details};`].join("\n");
}

function reserved({ reservedNames, reservedRanges }: AssignedNumbers, indent: string): readonly string[] {
  const ranges = reservedRanges.map(([from, to]) => (from === to ? `${from}` : `${from} to ${to}`));
  return [
    ...(ranges.length === 0 ? [] : [`${indent}reserved ${ranges.join(", ")};`]),
    ...(reservedNames.length === 0 ? [] : [`${indent}reserved ${reservedNames.map(quoted).join(", ")};`]),
  ];
}

function comments(lines: readonly string[], indent: string): readonly string[] {
  return lines.map((line) => `${indent}//${line === "" ? "" : ` ${line}`}`);
}

/** Fields whose type is another one than before: peers with the old file read them differently. */
export function changedTypes(model: ProtoModel, lock: NumberLock): readonly Finding[] {
  return model.messages.flatMap(({ name, fields }) =>
    fields.flatMap((field) => {
      const type = field.label === "repeated" ? `repeated ${field.type}` : field.type;
      const before = lock.get(name)?.types.get(field.name);
      const changed = before !== undefined && before !== type && !before.endsWith(`.${type}`);
      return changed
        ? [
            {
              path: `${name}.${field.name}`,
              text: `was ${before} and is ${type}: peers with the old file read it differently`,
            },
          ]
        : [];
    }),
  );
}
