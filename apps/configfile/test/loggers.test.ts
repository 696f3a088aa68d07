import { join } from "node:path";
import { type EndedProgram, runProgram } from "@micro/programs";
import { skipEach } from "@micro/servers/vitest";
import { beforeAll, describe, expect, test } from "vitest";
import type { File } from "./game.ts";
import { natsAtHome } from "./nats-at-home.ts";

type Line = Readonly<Record<string, unknown>>;

const LEVELS = ["trace", "debug", "info", "warn", "error"];
const COMPONENTS = ["broker", "client", "registry", "server", "transport"];

const nats = await natsAtHome();

/** Lines that the program of probes wrote with a file. */
async function probesOf(file: File, env: Readonly<Record<string, string>> = {}): Promise<readonly Line[]> {
  const ended: EndedProgram = await runProgram(join(import.meta.dirname, "programs/probes.ts"), {
    cwd: join(import.meta.dirname, ".."),
    args: ["--config", file],
    env: { SERVER_ADDRESS: "127.0.0.1:0", REGISTRY_DOMAIN: "probes", ...env },
  });
  expect(ended.status, ended.stderr.join("\n")).toBe(0);
  const lines = ended.stderr.map((line) => JSON.parse(line) as Line);
  return lines.filter(({ message }) => String(message).startsWith("probe "));
}
const levelsOf = (lines: readonly Line[], component: unknown): unknown[] =>
  lines.filter((line) => line.component === component).map(({ level }) => level);

describe("nats.yaml", () => {
  skipEach(nats.missing);
  let lines: readonly Line[];
  beforeAll(async () => {
    if (nats.missing !== undefined) return;
    // The logger of all is another one here, to see that the others are the components' own.
    lines = await probesOf("nats.yaml", { ...nats.env, LOGGER: "default" });
  }, 30_000);

  test("each component writes to its own logger, with its own fields and level", () => {
    for (const component of COMPONENTS) {
      const expected = component === "server" ? LEVELS.slice(2) : LEVELS;
      expect(levelsOf(lines, component), component).toEqual(expected);
    }
    expect(levelsOf(lines, "default")).toEqual(LEVELS);
  });

  test("<component>.logger.plugin is its own: zap is winston, whatever the logger of all is", () => {
    for (const line of lines) {
      const isOfAll = line.component === "default";
      expect([line.component, "time" in line, "timestamp" in line]).toEqual([
        line.component,
        isOfAll,
        !isOfAll,
      ]);
    }
  });

  test("caller_skip_count: 2 of the server's logger names the line of code, and of no other logger", () => {
    for (const { component, caller } of lines) {
      if (component === "server") expect(caller).toMatch(/probes\.ts:\d+$/);
      else expect(caller, String(component)).toBeUndefined();
    }
  });

  test("<component>.logger.enabled: without it the component writes to the logger of all", async () => {
    const all = await probesOf("nats.yaml", { ...nats.env, LOGGER_ENABLED: "false" });
    // The logger of all is off, those of the components are not.
    expect(new Set(all.map(({ component }) => component))).toEqual(new Set(COMPONENTS));
  }, 30_000);
});

describe("defaults.yaml", () => {
  test("level: info, fields: {} and caller_skip_count: 2", async () => {
    const lines = await probesOf("defaults.yaml");
    for (const component of [...COMPONENTS, undefined]) {
      expect(levelsOf(lines, component), component).toEqual(LEVELS.slice(2));
    }
    for (const line of lines) {
      const keys = Object.keys(line).filter((key) => key !== "component");
      expect(keys).toEqual(["time", "level", "message", "caller"]);
      expect(line.caller).toMatch(/probes\.ts:\d+$/);
    }
  }, 30_000);
});
