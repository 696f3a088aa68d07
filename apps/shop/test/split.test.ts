import { join } from "node:path";
import { createService, type Service } from "@micro/core";
import { type Program, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { splitOptions } from "../src/split/options.ts";
import { Observer } from "./observer.ts";
import { shopSuite } from "./shop-suite.ts";

describe("the shop in three processes", () => {
  const observer = new Observer();
  const programs = new Map<string, Program>();
  let folder: TemporaryFolder;
  let service: Service<(typeof splitOptions)["plugins"]>;

  const start = async (name: string): Promise<void> => {
    const program = startProgram(join(import.meta.dirname, `../src/split/${name}.ts`), {
      cwd: folder.path,
      env: { REGISTRY: "file", REGISTRY_PATH: join(folder.path, "nodes"), SERVER_ADDRESS: "127.0.0.1:0" },
    });
    programs.set(name, program);
    await program.line(/ is ready$/);
  };

  beforeAll(async () => {
    folder = await temporaryFolder();
    await Promise.all(["stock", "payments", "orders"].map(start));
    service = await createService(observer.definition, {
      plugins: splitOptions.plugins,
      configFile: false,
      cli: { noFlags: true },
      logger: { level: "warn" },
      registry: { plugin: "file", path: join(folder.path, "nodes") },
      server: { address: "127.0.0.1:0" },
    });
    await service.start();
  });

  afterAll(async () => {
    await service?.stop();
    await Promise.all([...programs.values()].map((program) => program.stop("SIGKILL")));
    await folder.remove();
  });

  shopSuite(() => ({
    client: service.client,
    observer,
    async timed(side, endpoint) {
      // The caller of the stock, and the handlers themselves.
      const name = side === "called" || endpoint.startsWith("Orders") ? "orders" : "stock";
      await programs.get(name)?.line(new RegExp(`^${side} ${endpoint.replace(".", "\\.")} in `));
    },
  }));

  test("each process ends with exit code 0 when it is told to", async () => {
    await service.stop();
    for (const [name, program] of programs) {
      const { status, stderr } = await program.stop();
      expect(status, `${name}\n${stderr.join("\n")}`).toBe(0);
    }
  });
});
