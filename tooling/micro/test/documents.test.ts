import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BIN } from "./run-micro.ts";
import { startWorld, type World } from "./world.ts";

const ROOT = join(import.meta.dirname, "../../..");
const DOCUMENTS = ["tooling/micro/README.md", "docs/guide/cli.md"];

const CONTRACTS = `
import { defineContract, unary } from "@micro/core";
import * as v from "valibot";
export const Orders = defineContract({
  name: "Orders",
  service: "orders",
  methods: { add: unary({ input: v.object({ sku: v.string() }), output: v.object({ id: v.string() }) }) },
});
`;

const GREETER = `
import { defineService } from "@micro/core";
export const greeter = defineService({ name: "greeter" });
`;
const COMPOSITION = `
import { jsonCodec } from "@micro/codec-json";
export { greeter as definition } from "./greeter.ts";
export const options = { plugins: [jsonCodec] };
`;

let world: World;

beforeAll(async () => {
  world = await startWorld();
  const files = {
    micro: `#!/bin/sh\nexec ${process.execPath} ${BIN.join(" ")} "$@"\n`,
    "request.json": '{"name":"File"}',
    "micro.yaml": `registry: {plugin: file, path: ${join(world.folder, "registry")}}\n`,
    "composition.ts": await readFile(join(import.meta.dirname, "programs/composition.ts"), "utf8"),
    "proto/shop.proto": 'syntax = "proto3";\npackage shop;\nmessage Item { string sku = 1; }\n',
    "orders.proto":
      'syntax = "proto3";\npackage orders;\nimport "shop.proto";\nmessage Order { repeated shop.Item items = 1; }\n',
    "src/contracts.ts": CONTRACTS,
    "src/composition.ts": COMPOSITION,
    "src/greeter.ts": GREETER,
  };
  for (const folder of ["proto", "vendor", "src"]) await mkdir(join(world.folder, folder));
  for (const [name, text] of Object.entries(files)) await writeFile(join(world.folder, name), text);
  // A project has what it imports: here, what this package has.
  await symlink(join(import.meta.dirname, "../node_modules"), join(world.folder, "node_modules"), "dir");
  await writeFile(join(world.folder, "package.json"), '{"type":"module"}');
  await chmod(join(world.folder, "micro"), 0o755);
});

afterAll(() => world.close());

/** What is run on its own: a line; those that generate files together, one after the other. */
const scripts: { readonly document: string; readonly script: string }[] = [];
for (const document of DOCUMENTS) {
  const text = await readFile(join(ROOT, document), "utf8");
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].map(([, block = ""]) => block);
  const lines = blocks.flatMap((block) => block.split("\n")).filter((line) => /\bmicro [a-z]/.test(line));
  // Of those that write files each kind runs together, in its order.
  const groups = ["micro generate", "micro wire"].map((start) =>
    lines.filter((line) => line.startsWith(start)),
  );
  const others = lines.filter((line) => !groups.flat().includes(line) && !line.startsWith("npm"));
  const together = groups.filter((group) => group.length > 0).map((group) => group.join("\n"));
  for (const script of [...others, ...together]) scripts.push({ document, script });
}

/** A line as it can run here: a node that is there, and no waiting for somebody else's messages. */
function runnable(line: string): string {
  const command = line
    .replace("127.0.0.1:8080", world.address)
    .replace("./run", join(world.folder, "registry"));
  return /micro subscribe/.test(command) ? `${command} --timeout 1s || [ $? = 6 ]` : command;
}

function run(command: string): Promise<{ readonly code: unknown; readonly text: string }> {
  const env = { PATH: `${world.folder}:${process.env.PATH}` };
  return new Promise((resolve) => {
    execFile(
      "bash",
      ["--norc", "-ec", command],
      { cwd: world.folder, env, timeout: 80_000 },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : error.code, text: `${stdout}${stderr}` });
      },
    );
  });
}

describe("every command of the documents runs", () => {
  for (const { document, script } of scripts) {
    test.concurrent(`${document}: ${script}`, async () => {
      const { code, text } = await run(runnable(script));
      expect(code, text).toBe(0);
    });
  }
});

test("there are commands to run", () => {
  expect(scripts.length).toBeGreaterThan(20);
});
