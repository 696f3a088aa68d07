import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LogFields, type Logger, nullLogger } from "@micro/core";
import { eventually, instantiate } from "@micro/core/conformance";
import type { RegistryBackend, RegistryEvent, ServiceRecord } from "@micro/registry";
import { registryConformance } from "@micro/registry/conformance";
import fc from "fast-check";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { fileRegistry } from "./index.ts";
import { encodeNodeFile, fileNameOf, hostIdentity, type Lease, parseNodeFile } from "./node-file.ts";
import { NodeFolder } from "./node-folder.ts";

let path: string;
const running: RegistryBackend[] = [];

beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), "registry-file-"));
});

afterEach(async () => {
  for (const registry of running.splice(0)) await registry.stop?.({ graceMs: 1000 });
  await rm(path, { recursive: true, force: true });
});

async function open(
  options: {
    heartbeat?: string;
    maxNodes?: number;
    path?: string;
    createFolder?: boolean;
    logger?: Logger;
  } = {},
): Promise<RegistryBackend> {
  const { logger = nullLogger, ...config } = options;
  const registry = await instantiate(fileRegistry, { config: { path, ...config }, deps: { logger } });
  running.push(registry);
  await registry.start?.({ signal: AbortSignal.timeout(5000) });
  return registry;
}

/** A logger that keeps its warnings. */
function recorder(): { logger: Logger; warnings: string[] } {
  const warnings: string[] = [];
  const logger: Logger = {
    ...nullLogger,
    warn: (message, fields?: LogFields) => {
      warnings.push(`${typeof message === "string" ? message : message()} ${String(fields?.path)}`);
    },
  };
  return { logger, warnings };
}

const record = (...ids: string[]): ServiceRecord => ({
  name: "greeter",
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: ids.map((id) => ({ id, address: "127.0.0.1:1", metadata: {} })),
});

const foreign = (change: Partial<Lease> = {}): Lease => ({
  host: "elsewhere",
  pid: 1,
  heartbeatMs: 5000,
  ttlMs: 60_000,
  registeredAt: Date.now(),
  ...change,
});

/** The file of a process that does not run here. */
async function leave(id: string, lease: Lease, ageMs = 0): Promise<void> {
  const file = join(path, `${id}.json`);
  await writeFile(file, encodeNodeFile({ record: record(id), lease }));
  const then = new Date(Date.now() - ageMs);
  await utimes(file, then, then);
}

async function idsOf(registry: RegistryBackend, service = "greeter"): Promise<readonly string[]> {
  return (await registry.get(service)).flatMap(({ nodes }) => nodes.map(({ id }) => id)).sort();
}

describe("conformance", () => {
  let shared: string;
  beforeAll(async () => {
    shared = await mkdtemp(join(tmpdir(), "registry-file-"));
  });
  afterAll(() => rm(shared, { recursive: true, force: true }));
  const create = () => instantiate(fileRegistry, { config: { path: shared } });
  for (const c of registryConformance({ create, convergenceMs: 1500 })) test(c.name, () => c.run());
});

describe("conformance where the system tells of no changes", () => {
  test("the folder is looked at often enough", async () => {
    const events: RegistryEvent[] = [];
    const { logger, warnings } = recorder();
    const folder = new NodeFolder({
      path,
      maxNodes: 10,
      logger,
      prepare: () => Promise.resolve(true),
      onChange: (event) => events.push(event),
      isWatched: () => true,
      watch: () => {
        throw new Error("ENOSPC: no more watches");
      },
    });
    folder.open();
    try {
      await folder.scan();
      // Later than the time in which a folder's clock may not show a change.
      const old = new Date(Date.now() - 60_000);
      await utimes(path, old, old);
      await folder.scan();
      await leave("a", foreign());
      const seen = performance.now();
      await eventually(() => expect(events.map(({ type }) => type)).toEqual(["put"]));
      expect(performance.now() - seen).toBeLessThan(2500);
      await rm(join(path, "a.json"));
      await eventually(() => expect(events.map(({ type }) => type)).toEqual(["put", "delete"]));
      expect(warnings).toEqual([
        `the system does not tell of changes in the registry's folder: looking every 500 ms ${path}`,
      ]);
    } finally {
      await folder.close();
    }
  });
});

test("a node is one readable file of its own: the service model with one node", async () => {
  const registry = await open();
  await registry.register(record("greeter-1", "greeter-2"));
  expect((await readdir(path)).sort()).toEqual(["greeter-1.json", "greeter-2.json"]);
  const file = JSON.parse(await readFile(join(path, "greeter-1.json"), "utf8"));
  expect(file).toEqual({
    ...record("greeter-1"),
    lease: {
      host: hostIdentity(),
      pid: process.pid,
      heartbeatMs: 5000,
      ttlMs: 60_000,
      registeredAt: expect.any(Number),
    },
  });
});

test("no node id leaves the folder, and none takes another's file", async () => {
  const ids = [
    "../../evil",
    "/etc/x",
    "..",
    ".hidden",
    "a/b",
    "a_b",
    "A_B",
    "größe",
    "x".repeat(4000),
    "nul\0l",
    "",
  ];
  const registry = await open();
  await registry.register(record(...ids));
  expect(await readdir(path)).toHaveLength(ids.length);
  expect(new Set((await readdir(path)).map((name) => name.toLowerCase())).size).toBe(ids.length);
  expect(await idsOf(await open())).toEqual([...ids].sort());
  await registry.deregister(record(...ids));
  expect(await readdir(path)).toEqual([]);
});

test("any id is one plain name of its own, in any case", () => {
  const names = new Map<string, string>();
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom("a", "A", ".", "/", "~", "_") })),
      (id) => {
        const name = fileNameOf(id);
        expect(name).toMatch(/^[A-Za-z0-9_~-][A-Za-z0-9._~-]*\.json$/);
        expect(name.length).toBeLessThan(140);
        expect(names.get(name.toLowerCase()) ?? id).toBe(id);
        names.set(name.toLowerCase(), id);
      },
    ),
  );
});

test("any text is read or refused, never more", () => {
  const lease = fc.record({
    host: fc.string(),
    pid: fc.jsonValue(),
    heartbeatMs: fc.double(),
    ttlMs: fc.integer(),
  });
  const text = fc.oneof(
    fc.string(),
    fc.json(),
    lease.map((each) => JSON.stringify({ ...record("a"), lease: { ...each, registeredAt: 0 } })),
  );
  fc.assert(
    fc.property(text, (each) => {
      try {
        expect(parseNodeFile(each).lease.pid).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});

test("starting and stopping leaves no handle behind", async () => {
  const cycle = async (): Promise<void> => {
    const registry = await open({ heartbeat: "50ms" });
    const reader = registry.watch()[Symbol.asyncIterator]();
    await reader.next();
    await registry.register(record("a"), { ttlMs: 1000 });
    await registry.stop?.({ graceMs: 1000 });
    expect((await reader.next()).value?.type ?? "ended").toBe("ended");
    running.length = 0;
  };
  await cycle();
  const handles = () =>
    process.getActiveResourcesInfo().filter((each) => /Timeout|FSEvent/.test(each)).length;
  const before = handles();
  for (let i = 0; i < 100; i += 1) await cycle();
  expect(handles()).toBeLessThanOrEqual(before);
  expect(await readdir(path)).toEqual([]);
});

test("a heartbeat keeps a node, and brings back a file or a folder that somebody removed", async () => {
  const registry = await open({ heartbeat: "100ms" });
  const other = await open();
  await registry.register(record("a"));
  const before = (await stat(join(path, "a.json"))).mtimeMs;
  await eventually(async () => expect((await stat(join(path, "a.json"))).mtimeMs).toBeGreaterThan(before));
  await rm(join(path, "a.json"));
  await eventually(async () => expect(await idsOf(other)).toEqual(["a"]));
  await rm(path, { recursive: true });
  await eventually(async () => expect(await idsOf(other)).toEqual(["a"]));
});

test("a folder that became a file is told with its name, once, and the nodes come back when it is one again", async () => {
  const levels: string[] = [];
  const logger: Logger = { ...nullLogger, log: (level) => levels.push(level) };
  const registry = await open({ heartbeat: "50ms", logger });
  await registry.register(record("a"));
  await rm(path, { recursive: true });
  await writeFile(path, "no folder");
  await expect(registry.register(record("b"))).rejects.toMatchObject({
    code: "UNAVAILABLE",
    detail: expect.stringContaining(`registry 'file': cannot write to the folder ${path}: ENOTDIR`),
  });
  await eventually(() => expect(levels.slice(0, 3)).toEqual(["warn", "debug", "debug"]));
  await rm(path);
  await eventually(async () => expect(await readdir(path)).toContain("a.json"));
});

test("watchers survive the removal of the folder", async () => {
  const registry = await open({ heartbeat: "100ms" });
  const other = await open();
  const reader = other.watch({ service: "greeter" })[Symbol.asyncIterator]();
  expect((await reader.next()).value).toEqual({ type: "snapshot", services: [] });
  await rm(path, { recursive: true });
  await registry.register(record("a"));
  expect((await reader.next()).value).toMatchObject({ type: "put", service: { nodes: [{ id: "a" }] } });
  await registry.deregister(record("a"));
  expect((await reader.next()).value).toMatchObject({ type: "delete", service: { nodes: [{ id: "a" }] } });
  await reader.return?.();
});

test("a node without heartbeat for three times its interval is gone, one in time is there", async () => {
  await leave("late", foreign(), 15_500);
  await leave("in-time", foreign(), 10_000);
  await leave("from-the-future", foreign(), -3_600_000);
  expect(await idsOf(await open())).toEqual(["from-the-future", "in-time"]);
});

test("a registration that is over is gone though the heart beats", async () => {
  await leave("over", foreign({ ttlMs: 1000, registeredAt: Date.now() - 2000 }));
  await leave("for-ever", foreign({ ttlMs: 0, registeredAt: 1 }));
  expect(await idsOf(await open())).toEqual(["for-ever"]);
});

test("a dead process of this host is gone at once, of another host it cannot be told", async () => {
  // Above the highest pid any system gives.
  const pid = 2 ** 30;
  await leave("dead", foreign({ host: hostIdentity(), pid }));
  await leave("elsewhere", foreign({ pid }));
  expect(await idsOf(await open())).toEqual(["elsewhere"]);
});

test("files of processes that crashed long ago are removed, and half-written ones", async () => {
  await leave("long-gone", foreign(), 120_000);
  await leave("just-gone", foreign(), 20_000);
  const [old, fresh] = [join(path, ".a.json.1-x.tmp"), join(path, ".b.json.2-y.tmp")];
  await writeFile(old, "{");
  await writeFile(fresh, "{");
  const then = new Date(Date.now() - 120_000);
  await utimes(old, then, then);
  await (await open()).list();
  expect((await readdir(path)).sort()).toEqual([".b.json.2-y.tmp", "just-gone.json"]);
});

test("files that are none of ours are left out with one warning each, and left alone", async () => {
  const { logger, warnings } = recorder();
  const registry = await open({ logger });
  await registry.register(record("good"));
  await writeFile(join(path, "half.json"), '{"name":"greeter"');
  await writeFile(join(path, "no-lease.json"), JSON.stringify(record("a")));
  await writeFile(join(path, "two.json"), JSON.stringify(record("a", "b")));
  await writeFile(join(path, "large.json"), " ".repeat(1024 * 1024 + 1));
  await writeFile(join(path, "pid.json"), JSON.stringify({ ...record("a"), lease: foreign({ pid: -1 }) }));
  await writeFile(join(path, "notes.txt"), "not looked at");
  await symlink("/dev/zero", join(path, "link.json"));
  await mkdir(join(path, "folder.json"));
  for (let i = 0; i < 3; i += 1) expect(await idsOf(registry)).toEqual(["good"]);
  expect(warnings).toHaveLength(7);
  for (const expected of [
    /is left out: .*JSON.*\/half\.json$/,
    /is left out: it has no lease .*\/no-lease\.json$/,
    /is left out: it is larger than 1048576 bytes .*\/large\.json$/,
    /is left out: it is no plain file .*\/folder\.json$/,
    /is left out: it is no plain file .*\/link\.json$/,
    /is left out: it must name one node and names 2 .*\/two\.json$/,
    /is left out: lease\.pid must be a number of at least 1 .*\/pid\.json$/,
  ]) {
    expect(warnings).toContainEqual(expect.stringMatching(expected));
  }
  expect(await readdir(path)).toContain("half.json");
  await leave("half", foreign());
  expect(await idsOf(registry)).toEqual(["good", "half"]);
});

test("more files than the bound are left out, with a warning that names the option", async () => {
  const { logger, warnings } = recorder();
  const registry = await open({ maxNodes: 2, logger });
  await registry.register(record("a", "b", "c"));
  expect(await idsOf(registry)).toEqual(["a", "b"]);
  expect(await idsOf(registry)).toEqual(["a", "b"]);
  expect(warnings).toEqual([`3 files in the registry's folder, only 2 are read: raise 'max_nodes' ${path}`]);
});

test("what is too large to be read is refused when it is written", async () => {
  const registry = await open();
  await expect(
    registry.register({ ...record("a"), metadata: { long: "x".repeat(1024 * 1024) } }),
  ).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED" });
  expect(await readdir(path)).toEqual([]);
});

test("a folder that cannot be made is told with its name and the option", async () => {
  await writeFile(join(path, "file"), "");
  await expect(open({ path: join(path, "file", "sub") })).rejects.toMatchObject({
    code: "UNAVAILABLE",
    detail: expect.stringMatching(
      /cannot use the folder .*\/file\/sub; set 'path' to one that can be written: ENOTDIR/,
    ),
  });
});

describe("with create_folder off", () => {
  test("a folder that is not there is told with its name, and not made", async () => {
    const missing = join(path, "mistyped");
    await expect(open({ path: missing, createFolder: false })).rejects.toMatchObject({
      code: "UNAVAILABLE",
      detail: `registry 'file': there is no folder ${missing}: correct 'path', or start a service that makes it`,
    });
    expect(await readdir(path)).toEqual([]);
  });

  test("one that is there is read and written, and not made again when somebody removes it", async () => {
    const registry = await open({ createFolder: false });
    await registry.register(record("a"));
    expect(await idsOf(registry)).toEqual(["a"]);
    await rm(path, { recursive: true });
    await expect(registry.list()).rejects.toMatchObject({
      code: "UNAVAILABLE",
      detail: expect.stringContaining("there is no folder") as string,
    });
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });
});

describe("the default folder", () => {
  const { TMPDIR } = process.env;
  beforeEach(() => {
    process.env.TMPDIR = path;
  });
  afterEach(() => {
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  });
  const name = () => join(path, `micro-registry-${process.getuid?.()}`);
  const start = async (config: { readonly createFolder?: boolean } = {}) => {
    const registry = await instantiate(fileRegistry, { config });
    running.push(registry);
    await registry.start?.({ signal: AbortSignal.timeout(5000) });
    return registry;
  };

  test("is the user's own", async () => {
    await start();
    expect((await stat(name())).mode & 0o777).toBe(0o700);
  });

  test("is not made with create_folder off: before the first node nobody is there, and after it the node is", async () => {
    const reader = await start({ createFolder: false });
    expect(await reader.list()).toEqual([]);
    const events = reader.watch({ service: "greeter" })[Symbol.asyncIterator]();
    expect((await events.next()).value).toMatchObject({ type: "snapshot", services: [] });
    expect(await readdir(path)).toEqual([]);
    await (await start()).register(record("a"));
    expect((await events.next()).value).toMatchObject({ type: "put", service: { name: "greeter" } });
    expect(await idsOf(reader)).toEqual(["a"]);
    await events.return?.();
  });

  test("is refused when somebody else could have written there", async () => {
    await mkdir(name());
    // Not by mkdir: the mask of the process would take it back.
    await chmod(name(), 0o777);
    await expect(start()).rejects.toMatchObject({
      code: "PRECONDITION_FAILED",
      detail: expect.stringContaining("can be written by other users: remove it, or set 'path'"),
    });
  });

  test("is refused when it is a link", async () => {
    await mkdir(join(path, "other"));
    await symlink(join(path, "other"), name());
    await expect(start()).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
  });
});

test.each(["10ms", "1h"])("a heartbeat of %s is refused", async (heartbeat) => {
  await expect(open({ heartbeat })).rejects.toThrow("'heartbeat' must be between 50 ms and 10 min");
});

test("calls before start and after stop say so", async () => {
  const registry = await instantiate(fileRegistry, { config: { path } });
  await expect(registry.get("greeter")).rejects.toMatchObject({ code: "UNAVAILABLE" });
  await registry.start?.({ signal: AbortSignal.timeout(5000) });
  await registry.stop?.({ graceMs: 0 });
  await expect(registry.register(record("a"))).rejects.toMatchObject({ code: "UNAVAILABLE" });
  expect(await readdir(path)).toEqual([]);
});

test("a thousand nodes are read in good time", async () => {
  const registry = await open();
  await registry.register(record(...Array.from({ length: 1000 }, (_, at) => `n${at}`)));
  const other = await open();
  const began = performance.now();
  expect(await idsOf(other)).toHaveLength(1000);
  expect(performance.now() - began).toBeLessThan(3000);
  const again = performance.now();
  expect(await idsOf(other)).toHaveLength(1000);
  expect(performance.now() - again).toBeLessThan(1000);
});
