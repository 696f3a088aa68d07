import { join } from "node:path";
import { type Program, startProgram, type TemporaryFolder, temporaryFolder } from "@micro/programs";

/** A greeter on a registry of its own. */
export interface World {
  readonly greeter: Program;
  /** `host:port` of the greeter. */
  readonly address: string;
  /** The flags that find it. */
  readonly flags: readonly string[];
  /** The folder of the test; the registry is below it. */
  readonly folder: string;
  close(): Promise<void>;
}

/** What is special about a greeter. */
export interface WorldOptions {
  /** The flags of its registry. @default a folder */
  readonly registry?: readonly string[];
  /** What its health handler says; `none` is a Go node without one. @default the server's own word */
  readonly health?: string;
}

/** Starts the greeter; close it in `afterAll`. */
export async function startWorld({ registry, health }: WorldOptions = {}): Promise<World> {
  const folder: TemporaryFolder = await temporaryFolder();
  const flags = registry ?? ["--registry=file", `--registry_path=${join(folder.path, "registry")}`];
  const greeter = startProgram(join(import.meta.dirname, "programs/greeter.ts"), {
    args: flags,
    env: health === undefined ? {} : { HEALTH: health },
  });
  const close = async (): Promise<void> => {
    await greeter.stop();
    await folder.remove();
  };
  try {
    const line = await greeter.line(/^ready /);
    return { greeter, address: line.slice("ready ".length), flags, folder: folder.path, close };
  } catch (error) {
    await close();
    throw error;
  }
}
