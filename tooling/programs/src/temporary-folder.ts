import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of one test. */
export interface TemporaryFolder {
  readonly path: string;
  /** Takes it away with everything in it. */
  remove(): Promise<void>;
}

/** Makes an empty folder that nobody else uses. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "micro-app-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
