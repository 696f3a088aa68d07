import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { runProgram, startProgram, temporaryFolder } from "@micro/programs";
import { expect, test } from "vitest";

const source = (file: string): string => join(import.meta.dirname, "../src", file);
const cwd = import.meta.dirname;

test("a customer sees the same shop, in one process and in three", async () => {
  const [together, apart] = await Promise.all([
    runProgram(source("main.ts"), { cwd }),
    runProgram(source("split/main.ts"), { cwd }),
  ]);
  expect(together.status, together.stderr.join("\n")).toBe(0);
  expect(apart.status, apart.stderr.join("\n")).toBe(0);
  const seen = shown(together.stdout);
  expect(shown(apart.stdout)).toEqual(seen);
  expect(seen).toEqual([
    "2 boxes arrive with 18 units",
    "basket: 39.00, items: 1",
    "basket: 87.00, items: 5",
    "basket: 96.80, items: 7",
    "paid 96.80 with ada's card",
    "too much: CONFLICT of shop.stock, 50 of 'pot' are wanted and 4 are there",
    "an empty card: PRECONDITION_FAILED of shop.payments, the bank declines card 'empty'",
    "a slow bank: TIMEOUT",
    "an empty order: BAD_REQUEST of shop.orders, request of Orders.Place: lines: an order has at least one line",
    "watching: 16 cup are left",
  ]);
});

test("nothing of the three processes stays when the program is interrupted", async () => {
  const folder = await temporaryFolder();
  const program = startProgram(source("split/main.ts"), { cwd, env: { TMPDIR: folder.path } });
  try {
    await program.line(/^basket/);
    expect(await readdir(folder.path)).toEqual([expect.stringMatching(/^micro-shop-/)]);
    // It resolves when the last process that has its standard error has ended.
    expect((await program.stop("SIGINT")).status).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  } finally {
    // SIGKILL would leave its services, and its standard error open.
    await program.stop("SIGINT");
    await folder.remove();
  }
});

/** What the customer prints, without the timings. Whether client or server says that time is up is a matter of luck. */
function shown(lines: readonly string[]): readonly string[] {
  return lines
    .filter((line) => !line.startsWith(" "))
    .map((line) => (line.includes("TIMEOUT") ? line.slice(0, line.indexOf("TIMEOUT") + 7) : line));
}
