import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { findGo } from "./go-build.ts";
import { runMatrix } from "./matrix.ts";
import { pageWith, tableOf } from "./table.ts";

const page = fileURLToPath(new URL("../../../docs/interop.md", import.meta.url));

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    only: { type: "string", default: "" },
  },
});
if (values.write && values.only !== "") throw new Error("--write needs the whole matrix: leave --only out");

const go = await findGo();
if (!go.ok) {
  console.error(`The matrix did not run: ${go.reason}.`);
  process.exit(1);
}
const only = values.only === "" ? undefined : new Set(values.only.split(","));
const lines = await runMatrix({
  toolchain: go.version,
  wanted: (row) => only?.has(row) ?? true,
  report: (line) => console.error(line),
});
const table = tableOf(lines);
console.log(`\n${table}`);
const cells = lines.flatMap((line) => [...line.cells.values()]);
const count = (verdict: (typeof cells)[number]["verdict"]): number =>
  cells.filter((cell) => cell.verdict === verdict).length;
if (values.write) {
  await writeFile(page, pageWith(await readFile(page, "utf8"), table));
  console.log("\nwritten to docs/interop.md");
}
console.log(
  `\n${count("pass")} ok, ${count("go bug")} Go bugs, ${count("not applicable")} n/a, ${count("fail")} failed`,
);
if (count("fail") > 0) process.exitCode = 1;
