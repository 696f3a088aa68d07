import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { generateFromProto } from "../../src/generate/index.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await createSandbox();
});

afterAll(() => sandbox.remove());

let folders = 0;

/** Generates from the files in a folder of their own; the first one is named, unless others are. */
async function generate(
  files: Readonly<Record<string, string>>,
  options: { readonly named?: readonly string[]; readonly include?: readonly string[] } = {},
) {
  const folder = `case-${++folders}`;
  await sandbox.write(
    Object.fromEntries(Object.entries(files).map(([name, text]) => [`${folder}/${name}`, text])),
  );
  return generateFromProto({
    files: options.named ?? [Object.keys(files)[0] ?? ""],
    include: options.include ?? [],
    baseDir: `${sandbox.path}/${folder}`,
    outDir: "gen",
    mode: "text",
  });
}

/** The lines that generating ends with. */
async function problemsOf(...given: Parameters<typeof generate>): Promise<readonly string[]> {
  const error: unknown = await generate(...given).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code: "BAD_REQUEST" });
  return (error as Error).message.split("\n");
}

const proto3 = (text: string) => `syntax = "proto3";\n${text}`;

describe("a file is refused with its line", () => {
  test.each<[string, string, string[]]>([
    ["nonsense", proto3("message A {\n  string a = ;\n}"), ["a.proto:3: illegal id ';': string a = ;"]],
    ["an end too early", proto3("message A {"), ["a.proto:2: the file ends too early: message A {"]],
    [
      "an edition",
      'edition = "2023";\nmessage A {}',
      ['a.proto:1: edition "2023" is not supported: write syntax = "proto3" (or "proto2")'],
    ],
    [
      "a group",
      'syntax = "proto2";\nmessage A {\n  optional group G = 1 {}\n}',
      ["a.proto:3: group 'A.G' is not supported: make it a message and a field of its type"],
    ],
    [
      "extensions",
      'syntax = "proto2";\nmessage A {\n  extensions 100 to 199;\n}\nextend A {\n  optional int32 b = 100;\n}',
      [
        "a.proto:3: extensions are not supported: use fields of the message, or google.protobuf.Any",
        "a.proto:5: extend A: extensions are not supported; only those of options are ignored",
      ],
    ],
    [
      "two fields of one number",
      proto3("message A {\n  string a = 1;\n  string b = 1;\n}"),
      ["a.proto:4: duplicate id 1 in Type A"],
    ],
    [
      "two messages of one name",
      proto3("message A {}\nmessage A {}"),
      ["a.proto:3: duplicate name 'A' in Root"],
    ],
    [
      "numbers that cannot be",
      proto3("message A {\n  string a = 0;\n  string b = 19500;\n  string c = 5;\n  reserved 4 to 6;\n}"),
      [
        "a.proto:3: field 'a': number 0 must be 1 to 536870911",
        "a.proto:4: field 'b': the numbers 19000 to 19999 belong to Protocol Buffers, not 19500",
        "a.proto:5: field 'c': 5 is reserved",
      ],
    ],
    [
      "a reserved name",
      proto3('message A {\n  reserved "a";\n  string a = 1;\n}'),
      ["a.proto:4: name 'a' is reserved in Type A"],
    ],
    [
      "an enum without zero",
      proto3("enum E {\n  ONE = 1;\n}"),
      ["a.proto:2: enum 'E': the first value must be 0 in proto3"],
    ],
    [
      "a field that JavaScript does not bear",
      proto3("message A {\n  string __proto__ = 1;\n}"),
      ["a.proto:3: a field cannot be named '__proto__'"],
    ],
    [
      "other things of that name",
      proto3(
        "message __proto__ {}\nmessage A {\n  oneof __proto__ {\n    string b = 1;\n  }\n}\nenum E {\n  ZERO = 0;\n  __proto__ = 1;\n}\nservice S {\n  rpc __proto__(A) returns (A);\n}",
      ),
      [2, 4, 10, 13].map((line) => `a.proto:${line}: nothing can be named '__proto__'`),
    ],
    [
      "fields that are one in JSON",
      proto3(
        'message A {\n  string a_b = 1;\n  string aB = 2;\n  string c = 3 [json_name = "d"];\n  string d = 4;\n  string e = 5 [json_name = "__proto__"];\n}',
      ),
      [
        "a.proto:4: fields 'a_b' and 'aB' have one name in JSON: rename one of them",
        "a.proto:6: fields 'c' and 'd' have one name in JSON: rename one of them",
        "a.proto:7: field 'e': json_name cannot be '__proto__'",
      ],
    ],
    [
      "a value of an enum that no int32 holds",
      proto3("enum E {\n  ZERO = 0;\n  HIGH = 0x7fffffff;\n  ABOVE = 2147483648;\n}"),
      ["a.proto:5: value 'ABOVE' of enum 'E': 2147483648 must be a number of 32 bits"],
    ],
    [
      "a oneof and a field of one name",
      proto3("message A {\n  oneof a {\n    string b = 1;\n  }\n  string a = 2;\n}"),
      ["a.proto:6: duplicate name 'a' in Type A"],
    ],
    [
      "a label that proto3 has not",
      proto3("message A {\n  required string a = 1;\n}"),
      ["a.proto:3: illegal token 'required': required string a = 1; (proto3 has no required fields)"],
    ],
    [
      "a field of proto2 without label",
      'syntax = "proto2";\nmessage A {\n  string a = 1;\n}',
      [
        "a.proto:3: illegal token 'string': string a = 1; (a field of proto2 needs optional, required or repeated)",
      ],
    ],
    [
      "a list of maps",
      proto3("message A {\n  repeated map<string, string> a = 1;\n}"),
      [
        "a.proto:3: illegal name '<': repeated map<string, string> a = 1; (a map is neither repeated nor part of a oneof)",
      ],
    ],
    [
      "unknown types, all of them",
      proto3(
        "message Order {\n  Ordre a = 1;\n  map<string, Nothing> b = 2;\n}\nservice S {\n  rpc Get(Order) returns (Oder);\n}",
      ),
      [
        "a.proto:3: field 'a' of 'Order': type 'Ordre' is unknown: did you mean 'Order'?",
        "a.proto:4: field 'b' of 'Order': type 'Nothing' is unknown",
        "a.proto:7: method 'Get' of 'S': type 'Oder' is unknown: did you mean 'Order'?",
      ],
    ],
    [
      "methods without messages",
      proto3("enum E {\n  ZERO = 0;\n}\nservice S {\n  rpc Get(E) returns (string);\n}"),
      [
        "a.proto:6: method 'Get' of 'S': 'E' is an enum, no message",
        "a.proto:6: method 'Get' of 'S': 'string' is no message",
      ],
    ],
  ])("%s", async (_what, text, lines) => {
    expect(await problemsOf({ "a.proto": text })).toEqual(lines);
  });
});

describe("imports", () => {
  test("that are not there name the line and the folders, once, without what follows from it", async () => {
    const files = {
      "api/a.proto": proto3('import "b/missing.proto";\nmessage A {\n  b.Missing b = 1;\n}'),
      "more/empty.proto": proto3(""),
    };
    expect(await problemsOf(files, { include: ["more"] })).toEqual([
      'api/a.proto:2: import "b/missing.proto": it is in none of more, api',
    ]);
  });

  test("that are not there and need not be explain the types that are missing", async () => {
    const files = {
      "a.proto": proto3('import "google/protobuf/api.proto";\nmessage A {\n  google.protobuf.Api a = 1;\n}'),
    };
    expect(await problemsOf(files)).toEqual([
      "a.proto:4: field 'a' of 'A': type 'google.protobuf.Api' is unknown: google/protobuf/api.proto is not there",
    ]);
  });

  test("are found in the include paths and beside the file, and keep one name", async () => {
    const { files } = await generate(
      {
        "api/a.proto": proto3(
          'import "b.proto";\nimport "lib/c.proto";\nmessage A {\n  B b = 1;\n  C c = 2;\n}',
        ),
        "api/b.proto": proto3('import "lib/c.proto";\nmessage B {\n  C c = 1;\n}'),
        "include/lib/c.proto": proto3("message C {}"),
      },
      { include: ["include"] },
    );
    expect(files.map(({ proto }) => proto)).toEqual(["api/a.proto", "api/b.proto", "lib/c.proto"]);
    expect(files[0]?.text).toContain(
      'import { C, cFile } from "../lib/c.ts";\nimport { B, bFile } from "./b.ts";\n',
    );
  });

  test("that cannot be read are reported once, without what follows from it", async () => {
    const files = {
      "a.proto": proto3('import "b.proto";\nmessage A {\n  B b = 1;\n}'),
      "b.proto": proto3("message B {\n  string a;\n}"),
    };
    expect(await problemsOf(files)).toEqual(["b.proto:3: illegal token ';', '=' expected: string a;"]);
  });

  test("in a circle name it", async () => {
    const files = {
      "a.proto": proto3('import "b.proto";'),
      "b.proto": proto3('\nimport "a.proto";'),
    };
    expect(await problemsOf(files)).toEqual([
      "b.proto:3: the imports go in a circle: a.proto → b.proto → a.proto",
    ]);
  });

  test("for annotations need not be there, unless a type of theirs is used", async () => {
    const imports = 'import "google/api/annotations.proto";\nimport "google/type/money.proto";\n';
    const { files } = await generate({ "a.proto": proto3(`${imports}message A {}`) });
    expect(files).toHaveLength(1);
    expect(
      await problemsOf({ "a.proto": proto3(`${imports}message A {\n  google.type.Money m = 1;\n}`) }),
    ).toEqual([
      "a.proto:5: field 'm' of 'A': type 'google.type.Money' is unknown: google/type/money.proto is not there",
    ]);
  });

  test("for options are not generated, whatever else is in them; imports for Any are", async () => {
    const { files } = await generate({
      "a.proto": proto3(
        'import "options.proto";\nimport "b.proto";\nmessage A {\n  string a = 1 [(rule).max = 5];\n}',
      ),
      "options.proto":
        'edition = "2023";\nimport "google/protobuf/descriptor.proto";\nmessage Rule {}\nextend google.protobuf.FieldOptions {\n  Rule rule = 50000;\n}',
      "b.proto": proto3("message B {}"),
    });
    expect(files.map(({ proto }) => proto)).toEqual(["a.proto", "b.proto"]);
    expect(files[0]?.text).toContain("imports: [bFile]");
  });

  test("are needed for what a file uses, and public ones are passed on", async () => {
    const files = {
      "a.proto": proto3(
        'import "b.proto";\nmessage A {\n  c.C c = 1;\n  d.D d = 2;\n  google.protobuf.Any any = 3;\n}',
      ),
      "b.proto": proto3('import public "c.proto";\nimport "d.proto";\nmessage B {}'),
      "c.proto": proto3("package c;\nmessage C {}"),
      "d.proto": proto3("package d;\nmessage D {}"),
    };
    expect(await problemsOf(files)).toEqual([
      "a.proto:5: field 'd' of 'A': type 'd.D' is in d.proto, which this file does not import",
      "a.proto:6: field 'any' of 'A': type 'google.protobuf.Any' is in google/protobuf/any.proto, which this file does not import",
    ]);
  });

  test("that declare the same type twice are refused", async () => {
    const files = {
      "a.proto": proto3('import "b.proto";\nmessage A {}'),
      "b.proto": proto3("message A {}"),
    };
    expect(await problemsOf(files)).toEqual([
      "a.proto:3: 'A' is also declared in b.proto, which this file imports",
    ]);
  });
});

describe("type names", () => {
  test("are looked for from the innermost scope outwards", async () => {
    const { files } = await generate({
      "a.proto": proto3(`package x.y;
message Outer {
  message Inner {
    message Leaf {}
    Leaf near = 1;
    Outer.Leaf middle = 2;
    .x.y.Leaf far = 3;
    y.Leaf also_far = 4;
  }
  message Leaf {}
  Leaf leaf = 1;
  Inner.Leaf inner = 2;
}
message Leaf {}`),
    });
    expect(files[0]?.text.match(/\w+: \{ number: \d, type: \w+ \}/g)).toEqual([
      "leaf: { number: 1, type: Outer_Leaf }",
      "inner: { number: 2, type: Outer_Inner_Leaf }",
      "near: { number: 1, type: Outer_Inner_Leaf }",
      "middle: { number: 2, type: Outer_Leaf }",
      "far: { number: 3, type: Leaf }",
      "alsoFar: { number: 4, type: Leaf }",
    ]);
  });

  test("that a nearer package hides are explained", async () => {
    const files = {
      "a.proto": proto3(
        'package my.google.api;\nimport "google/protobuf/timestamp.proto";\nmessage A {\n  google.protobuf.Timestamp at = 1;\n}',
      ),
    };
    expect(await problemsOf(files)).toEqual([
      "a.proto:5: field 'at' of 'A': 'google.protobuf.Timestamp' means 'my.google.protobuf.Timestamp' here, because 'my.google' is nearer, and there is no such type: write '.google.protobuf.Timestamp'",
    ]);
  });
});

describe("the files that are named", () => {
  test("may be missing, or folders without any", async () => {
    const files = { "empty/readme.txt": "" };
    expect(await problemsOf(files, { named: ["nothing.proto", "empty"] })).toEqual([
      "nothing.proto: there is no such file or folder",
      "empty: there is no .proto file in it",
    ]);
  });

  test("have problems of their own reported together", async () => {
    const files = { "a.proto": proto3("message A {\n  B b = 1;\n}"), "c.proto": proto3("message {") };
    expect(await problemsOf(files, { named: ["a.proto", "c.proto"] })).toEqual([
      "a.proto:3: field 'b' of 'A': type 'B' is unknown: did you mean 'A'?",
      "c.proto:2: illegal type name '{': message {",
    ]);
  });

  test("may not be two of one name", async () => {
    const files = { "one/a.proto": proto3("message A {}"), "two/a.proto": proto3("message A {}") };
    expect(await problemsOf(files, { named: ["one", "two"] })).toEqual([
      "two/a.proto: its name, a.proto, is also that of one/a.proto: name include paths that tell them apart",
    ]);
  });
});
