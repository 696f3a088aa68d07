import { writeFile } from "node:fs/promises";
import { goalLines } from "./goals.ts";
import { machine, watchNoise } from "./machine.ts";
import { measure } from "./measure.ts";
import { help, readOptions } from "./options.ts";
import type { Row } from "./statistics.ts";
import { table } from "./table.ts";

const options = readOptions(process.argv.slice(2));

if (options === "help") process.stdout.write(help);
else {
  const { rounds, seconds, workloads, references } = options;
  const started = performance.now();
  const noise = watchNoise();
  console.log(`${machine()}; ${rounds} rounds of ${seconds} s\n`);

  const rows: Row[] = [];
  const failures: string[] = [];
  for (const workload of workloads) {
    const result = await measure(workload, options);
    rows.push(...result.rows);
    failures.push(...result.failures);
  }

  console.log(table(rows, workloads, references));
  console.log(`\n× is ${references.join(" or ")} divided by the row, both of the same round.`);
  console.log(`Every figure is the median of ${rounds} rounds; CPU and RSS are of both processes together.`);
  const goals = goalLines(rows);
  if (goals.length > 0) console.log(`\n${goals.join("\n")}`);
  console.log(`\n${((performance.now() - started) / 1000).toFixed(0)} s in all; ${noise()}`);
  if (options.json !== undefined) {
    const document = { machine: machine(), noise: noise(), rounds, seconds, rows };
    await writeFile(options.json, `${JSON.stringify(document, null, 2)}\n`);
  }
  for (const failure of failures) console.error(failure);
  if (failures.length > 0) process.exitCode = 1;
}
