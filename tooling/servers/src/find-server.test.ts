import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TemporaryFolder, temporaryFolder } from "@micro/programs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { findServer, MissingServerError } from "./find-server.ts";
import { NATS_SERVER } from "./nats-server.ts";
import { whyMissing } from "./vitest.ts";

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await folder.remove();
});

/** Nowhere on this machine, whatever is installed. */
const nowhere = () => ({ ...NATS_SERVER, searchPath: [], cacheFolder: join(folder.path, "cache") });

/** Makes a folder the whole PATH, with programs that are these lines of sh. */
async function onlyPrograms(programs: Readonly<Record<string, string>>): Promise<void> {
  const path = join(folder.path, "bin");
  await mkdir(path);
  for (const [name, lines] of Object.entries(programs)) {
    await writeFile(join(path, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${lines}\n`);
    await chmod(join(path, name), 0o755);
  }
  vi.stubEnv("PATH", path);
}

test("a server that is nowhere is unpacked from its package, and found there again", async (context) => {
  const finding = Promise.all([findServer(nowhere()), findServer(nowhere())]);
  const why = await whyMissing(finding);
  if (why !== undefined) return context.skip(why);
  const file = join(folder.path, "cache/nats-server/usr/sbin/nats-server");
  expect(await finding).toEqual([file, file]);
  expect(await findServer(nowhere())).toBe(file);
}, 130_000);

test("where the system has no lists of packages, new ones are fetched, which touch nothing of the system's", async () => {
  const asked = join(folder.path, "asked");
  await onlyPrograms({
    "apt-get": `
      echo "$*" >> ${asked}
      case "$*" in
        *Dir::State::lists=${folder.path}*Dir::Cache=${folder.path}*update) ;;
        *Dir::State::lists=${folder.path}*Dir::Cache=${folder.path}*download*) : > server.deb ;;
        *) echo "E: Unable to locate package" >&2; exit 100 ;;
      esac`,
    "dpkg-deb": `mkdir -p "$3/usr/sbin" && : > "$3/usr/sbin/nats-server" && chmod +x "$3/usr/sbin/nats-server"`,
  });
  expect(await findServer(nowhere())).toBe(join(folder.path, "cache/nats-server/usr/sbin/nats-server"));
  const commands = (await readFile(asked, "utf8")).trim().split("\n");
  expect(commands.map((line) => /download|update/.exec(line)?.[0])).toEqual([
    "download",
    "update",
    "download",
  ]);
});

test("a server that is nowhere and cannot be fetched is an error that names it, the way to it, and what was tried", async () => {
  await onlyPrograms({ "apt-get": `echo "E: no network" >&2; exit 100` });
  const error = await findServer(nowhere()).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(MissingServerError);
  expect((error as Error).message).toBe(
    "nats-server is not on the PATH and cannot be fetched: install it (on Debian and Ubuntu: apt-get install nats-server)",
  );
  const { cause } = error as { cause: AggregateError };
  expect(cause.message).toContain("apt-get did not fetch nats-server");
  expect(cause.errors.map(String)).toEqual([
    expect.stringContaining("E: no network"),
    expect.stringContaining("E: no network"),
  ]);
});

test("without apt it is missing, too", async () => {
  await onlyPrograms({});
  await expect(findServer(nowhere())).rejects.toThrow(MissingServerError);
});
