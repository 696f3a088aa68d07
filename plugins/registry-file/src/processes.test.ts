import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, instantiate, within } from "@micro/core/conformance";
import type { RegistryBackend } from "@micro/registry";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fileRegistry } from "./index.ts";

const MEMBER = fileURLToPath(new URL("../test/member.ts", import.meta.url));

let path: string;
let registry: RegistryBackend;
let ids: Set<string>;
let followed: Promise<void>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "registry-file-"));
  registry = await instantiate(fileRegistry, { config: { path } });
  await registry.start?.({ signal: AbortSignal.timeout(5000) });
  ids = new Set();
  followed = follow();
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    await exit;
  }
  await registry.stop?.({ graceMs: 1000 });
  await followed;
  await rm(path, { recursive: true, force: true });
});

/** The members that a watch knows of: nothing is asked. */
async function follow(): Promise<void> {
  for await (const event of registry.watch({ service: "member" })) {
    if (event.type === "snapshot") ids.clear();
    const records = event.type === "snapshot" ? event.services : [event.service];
    for (const { id } of records.flatMap(({ nodes }) => nodes)) {
      if (event.type === "delete") ids.delete(id);
      else ids.add(id);
    }
  }
}

/** A process with one node; resolves when it has registered it. */
async function member(id: string, heartbeat = "5s"): Promise<ChildProcess> {
  const child = spawn(process.execPath, ["--conditions=@micro/source", MEMBER, path, id, heartbeat], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  await within(`process of ${id}`, once(child.stdout as NodeJS.ReadableStream, "data"), 10_000);
  return child;
}

/** A second, and something for a busy machine. */
const known = (...expected: string[]) =>
  eventually(() => expect([...ids].sort()).toEqual(expected), { timeoutMs: 1500 });

test("processes find each other within a second, and what one leaves goes with it", async () => {
  const members = await Promise.all(["a", "b", "c"].map((id) => member(id)));
  await known("a", "b", "c");
  const [leaving] = members as [ChildProcess];
  const exit = once(leaving, "exit");
  leaving.kill("SIGTERM");
  await known("b", "c");
  expect(await exit).toEqual([0, null]);
  expect((await readdir(path)).sort()).toEqual(["b.json", "c.json"]);
});

test("a killed process is found out within a second, long before its heartbeat is missed", async () => {
  const [killed] = [await member("a"), await member("b")];
  await known("a", "b");
  const exit = once(killed, "exit");
  killed.kill("SIGKILL");
  await exit;
  await known("b");
});

test("a frozen process is gone after three heartbeats, and back when it goes on", async () => {
  const frozen = await member("a", "300ms");
  await known("a");
  frozen.kill("SIGSTOP");
  await eventually(() => expect([...ids]).toEqual([]), { timeoutMs: 4000 });
  frozen.kill("SIGCONT");
  await eventually(() => expect([...ids]).toEqual(["a"]), { timeoutMs: 4000 });
});
