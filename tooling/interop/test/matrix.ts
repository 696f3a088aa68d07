import { whyNoNatsServer } from "@micro/servers/vitest";
import { afterAll, beforeAll, describe, test } from "vitest";
import { GENERATIONS, type Generation } from "../src/generations.ts";
import { builtPeer, findGo } from "../src/go-build.ts";
import { DIRECTIONS } from "../src/row.ts";
import { ROWS } from "../src/rows/index.ts";
import { ROW_TIMEOUT_MS, runRow } from "../src/run-row.ts";
import { World } from "../src/world.ts";

const cases = ROWS.flatMap((row) => DIRECTIONS.map((direction) => ({ ...row, direction })));

const natsless = await whyNoNatsServer();

/** The tests of one generation: each row in both directions, against running Go programs. */
export function matrixTests(id: Generation["id"]): void {
  const generation = GENERATIONS.find((one) => one.id === id);
  if (generation === undefined) throw new Error(`no generation ${id}`);
  describe(`${generation.importPath}@${generation.version}`, () => {
    let world: World | undefined;
    let reason = "";

    beforeAll(async () => {
      const go = await findGo();
      // Compiling takes minutes of both cores, which the other tests would feel: it has a command of its own.
      const program = go.ok ? await builtPeer(generation, go.version) : undefined;
      if (program !== undefined) world = new World(generation, program);
      else
        reason = `the matrix did not run: ${go.ok ? "its Go programs are not built; run pnpm interop:build" : go.reason}`;
    });

    afterAll(() => world?.stop());

    for (const { direction, ...row } of cases) {
      test(`${row.row} ${direction}: ${row.title}`, {
        timeout: 2 * ROW_TIMEOUT_MS + 5000,
      }, async (context) => {
        if (world === undefined) return context.skip(reason);
        if (row.needs === "nats-server" && natsless !== undefined) return context.skip(natsless);
        const { verdict, note = "" } = await runRow(row, direction, world);
        if (verdict === "not applicable") return context.skip(note);
        if (verdict === "go bug") await context.annotate(note, "known Go bug");
      });
    }
  });
}
