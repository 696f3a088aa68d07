import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of one test; `await using` takes it away at the end of a block. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Takes it away with everything in it. */
  remove(): Promise<void>;
}

/** Makes an empty folder that nobody else uses. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "micro-app-"));
  const remove = (): Promise<void> => rm(path, { recursive: true, force: true });
  return { path, remove, [Symbol.asyncDispose]: remove };
}
