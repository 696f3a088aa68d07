import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { MicroError } from "@micro/core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { generateFromProto } from "../../src/generate/index.ts";
import { type Random, randomOf } from "./random-message.ts";
import { createSandbox, type Sandbox } from "./sandbox.ts";

let sandbox: Sandbox;

beforeAll(async () => {
  sandbox = await createSandbox();
});

afterAll(() => sandbox.remove());

const ODD_TOKENS = [
  "{",
  "}",
  ";",
  "=",
  "message",
  "oneof",
  '"',
  "/*",
  "1",
  "-",
  "[",
  "extend",
  "map<",
  ".",
  "__proto__",
];

/** Takes words away, repeats them, or puts others in their place. */
function damage(text: string, random: Random): string {
  const words = text.match(/\w+|\s+|[^\w\s]/g) ?? [];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  for (let change = 0; change < 1 + random() * 3; change++) {
    const at = Math.floor(random() * words.length);
    const kind = random();
    if (kind < 0.35) words.splice(at, 1);
    else if (kind < 0.6) words.splice(at, 0, pick(words));
    else words.splice(at, 1, kind < 0.8 ? pick(ODD_TOKENS) : pick(words));
  }
  return words.join("");
}

test("damaged files are read or refused with what is wrong, and nothing else happens", async () => {
  const folder = join(import.meta.dirname, "proto/shop/v1");
  const names = ["orders.proto", "odd.proto", "money.proto"];
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), "utf8")));
  let refused = 0;
  for (let seed = 0; seed < 250; seed++) {
    const random = randomOf(seed);
    const damaged = Math.floor(random() * names.length);
    const files = names.map((name, index) => [
      `proto/shop/v1/${name}`,
      index === damaged ? damage(texts[index] ?? "", random) : (texts[index] ?? ""),
    ]);
    await sandbox.write(Object.fromEntries(files) as Record<string, string>);
    try {
      await generateFromProto({ files: ["proto"], outDir: `gen/${seed}`, baseDir: sandbox.path });
    } catch (error) {
      refused++;
      if (!MicroError.is(error)) throw new Error(`seed ${seed}`, { cause: error });
      for (const line of error.detail.split("\n")) {
        expect(line, `seed ${seed}`).toMatch(/^proto\/shop\/v1\/\w+\.proto(:\d+)?: ./);
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
  // What was read gives code that compiles.
  expect(await sandbox.compile()).toBe("");
});
