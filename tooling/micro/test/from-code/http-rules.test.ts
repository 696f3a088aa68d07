import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Contract, HttpRule } from "@micro/core";
import protobuf from "protobufjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateFromCode } from "../../src/from-code/index.ts";
import { generateFromProto } from "../../src/generate/index.ts";

const RULES: Readonly<Record<string, readonly HttpRule[]>> = {
  find: [{ method: "GET", path: "/v1/{name=shelves/*}" }],
  place: [
    { method: "POST", path: "/v1/orders", body: "*" },
    { method: "PUT", path: "/v1/orders/{order.id}", body: "order", responseBody: "order" },
    { method: "HEAD", path: "/v1/orders/{order.id}:probe" },
  ],
  drop: [{ method: "DELETE", path: "/v1/orders/{id}" }],
  amend: [{ method: "PATCH", path: '/v1/a "quoted" \\ path/é', body: "" }],
  plain: [],
};

let folder: string;
let proto: string;

beforeAll(async () => {
  // Inside this package, so that what is generated finds @micro/core.
  folder = await mkdtemp(join(import.meta.dirname, ".generated-"));
  const methods = Object.entries(RULES).map(
    ([key, http]) => `${key}: unary({ idempotent: ${key === "drop"}, http: ${JSON.stringify(http)} }),`,
  );
  const module = join(folder, "contract.ts");
  await writeFile(
    module,
    `import { defineContract, unary } from "@micro/core";
     export const Shop = defineContract({ name: "Shop", service: "shop.http", methods: { ${methods.join(" ")} } });`,
  );
  const { files } = await generateFromCode({ module, outDir: folder });
  proto = files.find(({ path }) => path.endsWith(".proto"))?.text ?? "";
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test("rules stand in the .proto as google.api.http, each kind as it is written by hand", () => {
  expect(proto).toContain('import "google/api/annotations.proto";\nimport "google/protobuf/struct.proto";\n');
  expect(proto).toContain(
    [
      "  rpc Place(google.protobuf.Value) returns (google.protobuf.Value) {",
      "    option (google.api.http) = {",
      '      post: "/v1/orders"',
      '      body: "*"',
      '      additional_bindings { put: "/v1/orders/{order.id}" body: "order" response_body: "order" }',
      '      additional_bindings { custom { kind: "HEAD" path: "/v1/orders/{order.id}:probe" } }',
      "    };",
      "  }",
      "  rpc Drop(google.protobuf.Value) returns (google.protobuf.Value) {",
      "    option idempotency_level = IDEMPOTENT;",
      "    option (google.api.http) = {",
      '      delete: "/v1/orders/{id}"',
      "    };",
      "  }",
    ].join("\n"),
  );
  expect(proto).toContain("  rpc Plain(google.protobuf.Value) returns (google.protobuf.Value);\n");
});

test("a contract that is generated from it has the same rules", async () => {
  const file = join(folder, "shop.http.proto");
  await generateFromProto({ files: [file], outDir: folder, baseDir: folder, importExtension: ".ts" });
  const generated = (await import(pathToFileURL(join(folder, "shop.http.ts")).href)) as {
    readonly Shop: Contract;
  };
  const rules = Object.entries(generated.Shop.methods).map(([key, { http }]) => [key, http ?? []]);
  expect(Object.fromEntries(rules)).toEqual(RULES);
});

test("it is read by a parser of another author, with the file that declares the option", async () => {
  const root = new protobuf.Root();
  const resolve = root.resolvePath.bind(root);
  // protobufjs brings Google's own copies of these files.
  root.resolvePath = (origin, target) =>
    target.startsWith("google/")
      ? fileURLToPath(import.meta.resolve(`protobufjs/${target}`))
      : resolve(origin, target);
  await root.load(join(folder, "shop.http.proto"), { keepCase: true });
  root.resolveAll();
  expect(root.lookupType("google.api.HttpRule").fields.additional_bindings).toBeDefined();
  const { methods } = root.lookupService("shop.http.Shop");
  expect(methods.Find?.parsedOptions).toEqual([{ "(google.api.http)": { get: "/v1/{name=shelves/*}" } }]);
});

test("the second run finds nothing to change", async () => {
  const again = await generateFromCode({
    module: join(folder, "contract.ts"),
    outDir: folder,
    mode: "check",
  });
  expect(again.files.map(({ state }) => state)).toEqual(["same", "same"]);
});
