import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { asProgram, createService, defineService } from "@micro/core";
import { goShopping } from "../shopping.ts";
import { splitOptions } from "./options.ts";

/** Starts one service of the shop in a process of its own. */
function spawnService(name: string, flags: readonly string[]) {
  const program = join(import.meta.dirname, `${name}.ts`);
  const child = spawn(process.execPath, [...process.execArgv, program, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  // Also when this program ends without stopping it, as when the reader of its pipe has gone.
  const kill = (): boolean => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  const lines = createInterface({ input: child.stdout }).on("line", (line) =>
    console.log(`    ${name}: ${line}`),
  );
  return {
    /** Resolves when it serves: that is the first line it prints. */
    ready: once(lines, "line", { signal: AbortSignal.timeout(60_000) }),
    async stop() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

await asProgram(async () => {
  const path = await mkdtemp(join(tmpdir(), "micro-shop-"));
  const flags = ["--registry=file", `--registry_path=${path}`, "--logger_level=warn"];
  const services = ["stock", "payments", "orders"].map((name) =>
    spawnService(name, [...flags, "--server_address=127.0.0.1:0"]),
  );
  // Whatever ends this program, nothing of it stays: the services above are killed on "exit" as well.
  process.once("exit", () => rmSync(path, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
  const customer = await createService(defineService({ name: "shop.customer" }), {
    plugins: splitOptions.plugins,
    cli: { argv: flags, env: {} },
    server: { enabled: false },
  });
  try {
    await Promise.all(services.map(({ ready }) => ready));
    await customer.start();
    await goShopping(customer.client, console.log);
  } finally {
    await customer.stop();
    for (const service of services.reverse()) await service.stop();
  }
});
