import { join } from "node:path";
import { createService } from "@micro/core";
import { runProgram } from "@micro/programs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { definition, options } from "../src/composition.ts";
import { Till } from "../src/till.ts";
import { createShop } from "../src/wire.gen.ts";

const app = join(import.meta.dirname, "..");

test("wire.gen.ts is what `micro wire` writes", async () => {
  const micro = join(app, "../../tooling/micro/src/bin.ts");
  const { status, stdout } = await runProgram(micro, {
    cwd: app,
    args: ["wire", "src/composition.ts", "--check"],
  });
  expect(stdout).toEqual(["src/wire.gen.ts is up to date"]);
  expect(status).toBe(0);
});

describe.each(["main.ts", "runtime.ts"])("src/%s", (file) => {
  test("sells, hears of it, refuses what is not for sale, and closes the till", async () => {
    const { status, stdout, stderr } = await runProgram(join(app, "src", file), { cwd: app });
    expect(stderr).toEqual([]);
    // When a subscriber is told is the broker's business.
    expect(stdout.slice(0, -1).sort()).toEqual([
      "'car' is not for sale",
      "sold 1 cake for 3.95",
      "sold 2 coffee for 5.00",
    ]);
    expect(stdout.at(-1)).toBe("the till holds 8.95");
    expect(status).toBe(0);
  });
});

describe.each([
  ["createService", () => createService(definition, { ...options, configFile: false })],
  ["createShop", () => createShop({ configFile: false })],
])("a service of %s", (_name, create) => {
  beforeEach(() => void vi.spyOn(console, "log").mockReturnValue(undefined));
  afterEach(() => void vi.restoreAllMocks());

  test("has the class and the component of one's own as it has any other", async () => {
    const service = await create();
    await service.start();
    try {
      expect(service.till).toBeInstanceOf(Till);
      expect(service.prices.of("coffee")).toBe(250);
      await service.till.sell("cake", 2);
      expect(service.till.taken).toBe(790);
      expect(JSON.parse(await service.dumpConfig("json"))).toMatchObject({
        prices: { plugin: "listed", currency: "EUR", list: { coffee: "250", cake: "395" } },
        till: { plugin: "class", enabled: true },
      });
    } finally {
      await service.stop();
    }
  });
});
