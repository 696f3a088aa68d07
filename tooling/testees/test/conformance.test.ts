import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type CommandResult, runCommand } from "@micro/checks/run-command";
import { beforeAll, describe, expect, test } from "vitest";
import { goTools } from "./support/go-tools.ts";
import { beyondKnown } from "./support/known-failing.ts";
import { sourceOf } from "./support/testees.ts";

// Connect's conformance suite, the gRPC part: its reference server with our client, its reference client with our server.

const folder = fileURLToPath(new URL("../conformance/", import.meta.url));
const RUN_TIMEOUT_MS = 120_000;

describe.each(["server", "client"] as const)("our %s", (mode) => {
  const listFile = `${folder}known-failing-${mode}.txt`;
  let said: CommandResult | undefined;
  let reason = "";

  beforeAll(async () => {
    const tools = await goTools("connectconformance");
    if (!tools.ok) {
      reason = tools.reason;
      return;
    }
    const testee = [process.execPath, "--conditions=@micro/source", sourceOf(`conformance-${mode}`)];
    const flags = ["--mode", mode, "--conf", `${folder}config.yaml`, "--known-failing", `@${listFile}`];
    said = await runCommand(tools.path.connectconformance, [...flags, "--", ...testee], {
      cwd: folder,
      timeoutMs: RUN_TIMEOUT_MS,
    });
  }, RUN_TIMEOUT_MS + 10_000);

  test("passes every case that is not known to fail, and no case that is", async (context) => {
    if (said === undefined) return context.skip(reason);
    const { status, stdout, stderr } = said;
    const told = `${stdout}${stderr}`;
    const failures = told.split("\n").filter((line) => line.startsWith("FAILED"));
    expect(failures, told.slice(-4000)).toEqual([]);
    expect(status, told.slice(-4000)).toBe(0);
    const passed = Number(/^(\d+) passed, 0 failed$/m.exec(told)?.[1]);
    expect(passed).toBeGreaterThan(500);
    await context.annotate(told.trim().split("\n").slice(-3).join(" "), "result");
  });

  test("known failures fail for their known reason alone", async (context) => {
    if (said === undefined) return context.skip(reason);
    const list = await readFile(listFile, "utf8");
    expect(beyondKnown(list, `${said.stdout}${said.stderr}`)).toEqual([]);
  });
});
