import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { errorPlace } from "./error-place.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-place-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What Node itself says of the module: the test runner reads modules in a way of its own. */
async function stackOf(path: string): Promise<string> {
  const code = `import(${JSON.stringify(pathToFileURL(path).href)}).catch(({ stack }) => console.log(JSON.stringify(stack)))`;
  const { stdout } = await promisify(execFile)(process.execPath, ["-e", code], { timeout: 60_000 });
  return JSON.parse(stdout) as string;
}

test.each([
  ["ts", "export default {\n  a: + };\n", [2, 8]],
  ["ts", "export default {\n\ta: {\n\t\tb: + } };\n", [3, 8]],
  ["cts", "module.exports = {\n\ta: + };\n", [2, 7]],
  ["ts", "export default {};\nenum A {}\n", [2, 1]],
  ["ts", "export default {\n  a: {\n", [2]],
  ["cjs", "module.exports = {\n\ta: + };\n", [2, 7]],
  ["mjs", "\nthrow new Error('oops')", [2, 7]],
])("a %s module that cannot be loaded is wrong where Node marks it (%#)", async (end, text, place) => {
  const path = join(folder, `module.${end}`);
  await writeFile(path, text);
  expect(errorPlace({ stack: await stackOf(path) }, path)).toEqual(place);
});
