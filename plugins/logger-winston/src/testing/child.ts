import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** Runs `code` in a process of its own, with a `logger` of these options. */
export function runChild(code: string, config: Readonly<Record<string, unknown>> = {}) {
  return runModule(`
    import { instantiate } from "@micro/core/conformance";
    import { winstonLogger } from "./src/index.ts";
    const logger = await instantiate(winstonLogger, { config: ${JSON.stringify(config)} });
    ${code}`);
}

/** Runs a module of this package in a process of its own. */
export function runModule(code: string) {
  const child = spawn(
    process.execPath,
    ["--conditions=@micro/source", "--input-type=module", "--eval", code],
    {
      cwd: fileURLToPath(new URL("../..", import.meta.url)),
      stdio: ["pipe", "pipe", "pipe"],
      timeout: 15_000,
    },
  );
  const exit = once(child, "close").then(([status]) => status as number | null);
  return { child, exit };
}
