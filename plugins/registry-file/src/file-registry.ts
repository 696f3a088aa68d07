import { lstat, mkdir, stat } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join, resolve } from "node:path";
import { definePlugin, type Logger, MicroError, option } from "@micro/core";
import { logger } from "@micro/logger";
import {
  DEFAULT_TTL_MS,
  NodeExpiry,
  NodeTable,
  type RegisterOptions,
  type RegistryBackend,
  type RegistryEvent,
  registry,
  type ServiceRecord,
  unavailable,
  WatchHub,
  type WatchOptions,
  withNode,
} from "@micro/registry";
import { encodeNodeFile, fileNameOf, HEARTBEAT_RANGE_MS, hostIdentity } from "./node-file.ts";
import { NodeFolder } from "./node-folder.ts";
import { OwnFiles } from "./own-files.ts";

/**
 * Service discovery through a folder of the host: one file per node, kept alive by a heartbeat. Processes of one
 * host (or of containers that share the folder) find each other without multicast and without a server.
 */
export const fileRegistry = definePlugin(registry, {
  name: "file",
  config: {
    path: option.string({
      description:
        "Folder of the files; processes with the same folder see each other. Without it a folder of the user's own among the system's temporary ones",
    }),
    createFolder: option.boolean({
      description: "Make the folder when it is missing; off, the one of `path` must be there",
      default: true,
    }),
    heartbeat: option.duration({
      description: "How often a node's file is touched; after three missed ones the node is gone",
      default: "5s",
    }),
    maxNodes: option.integer({
      description: "Most files that are read",
      default: 10_000,
      min: 1,
    }),
  },
  needs: [logger],
  create: ({ config, deps }) => {
    const [shortest, longest] = HEARTBEAT_RANGE_MS;
    if (config.heartbeat < shortest || config.heartbeat > longest) {
      throw new MicroError({
        code: "BAD_REQUEST",
        id: "go.micro.registry",
        detail: `registry 'file': 'heartbeat' must be between ${shortest} ms and ${longest / 60_000} min, not ${config.heartbeat} ms`,
      });
    }
    return new FileRegistry({
      path: config.path === undefined ? undefined : resolve(config.path),
      createFolder: config.createFolder,
      heartbeatMs: config.heartbeat,
      maxNodes: config.maxNodes,
      logger: deps.logger,
    });
  },
});

interface FileRegistryOptions {
  /** Undefined: the default one, which must be our own. */
  readonly path: string | undefined;
  readonly createFolder: boolean;
  readonly heartbeatMs: number;
  readonly maxNodes: number;
  readonly logger: Logger;
}

class FileRegistry implements RegistryBackend {
  readonly name = "file";
  readonly #path: string;
  readonly #options: FileRegistryOptions;
  readonly #host = hostIdentity();
  readonly #folder: NodeFolder;
  readonly #hub: WatchHub;
  readonly #own: OwnFiles;
  /** When own registrations are over: a file would be kept alive by the heartbeat for ever. */
  readonly #leases = new NodeTable();
  readonly #expiry = new NodeExpiry(this.#leases, (gone) => this.#forget(gone));
  #running = false;

  constructor(options: FileRegistryOptions) {
    this.#options = options;
    this.#path = options.path ?? defaultPath();
    const shared = { path: this.#path, logger: options.logger, prepare: () => this.#prepare() };
    this.#own = new OwnFiles({ ...shared, heartbeatMs: options.heartbeatMs });
    this.#folder = new NodeFolder({
      ...shared,
      maxNodes: options.maxNodes,
      onChange: (event) => this.#hub.publish(event),
      isWatched: () => this.#hub.size > 0,
    });
    this.#hub = new WatchHub({ snapshot: (service) => this.#folder.table.records(service) });
  }

  async start(): Promise<void> {
    if (this.#running) return;
    await this.#prepare();
    this.#running = true;
    this.#folder.open();
    this.#own.open();
  }

  async stop(): Promise<void> {
    if (!this.#running) return;
    this.#running = false;
    this.#expiry.stop();
    this.#leases.clear();
    this.#hub.close();
    try {
      await this.#own.close();
    } finally {
      await this.#folder.close();
    }
  }

  async register(record: ServiceRecord, options: RegisterOptions = {}): Promise<void> {
    this.#check();
    const ttlMs = options.ttlMs ?? DEFAULT_TTL_MS;
    const { heartbeatMs } = this.#options;
    const lease = { host: this.#host, pid: process.pid, heartbeatMs, ttlMs, registeredAt: Date.now() };
    const files = new Map<string, string>();
    for (const node of record.nodes) {
      files.set(fileNameOf(node.id), encodeNodeFile({ record: withNode(record, node), lease }));
    }
    const expiresAt = ttlMs === 0 ? Infinity : performance.now() + ttlMs;
    await this.#own.write(files);
    this.#leases.put(record, expiresAt);
    this.#expiry.schedule(expiresAt);
    if (this.#hub.size > 0) await this.#folder.scan();
  }

  async deregister(record: ServiceRecord): Promise<void> {
    this.#check();
    this.#leases.delete(record);
    await this.#own.remove(() => record.nodes.map(({ id }) => fileNameOf(id)));
    if (this.#hub.size > 0) await this.#folder.scan();
  }

  async get(service: string): Promise<readonly ServiceRecord[]> {
    this.#check();
    await this.#folder.scan();
    return this.#folder.table.records(service);
  }

  async list(): Promise<readonly string[]> {
    this.#check();
    await this.#folder.scan();
    return this.#folder.table.services();
  }

  watch(options: WatchOptions = {}): AsyncIterable<RegistryEvent> {
    return this.#hub.watch(options, () => {
      this.#check();
      return { ready: this.#folder.scan() };
    });
  }

  #check(): void {
    if (!this.#running) throw unavailable("registry 'file' is not started, or stopped already");
  }

  #forget(gone: readonly ServiceRecord[]): void {
    for (const record of gone) {
      this.deregister(record).catch((error: unknown) => {
        const what = "a node whose registration is over could not be removed";
        this.#options.logger.warn(what, { service: record.name, error });
      });
    }
  }

  /**
   * Makes the folder where it may, and makes sure that the default one is ours. Resolves with false where there is none:
   * before the first node there is no default one.
   */
  async #prepare(): Promise<boolean> {
    const { createFolder, path } = this.#options;
    try {
      if (createFolder) await mkdir(this.#path, { recursive: true, mode: 0o700 });
      else if (await isMissing(this.#path)) {
        if (path === undefined) return false;
        throw unavailable(
          `registry 'file': there is no folder ${this.#path}: correct 'path', or start a service that makes it`,
        );
      }
      if (path === undefined) await checkOwner(this.#path);
      return true;
    } catch (error) {
      if (MicroError.is(error)) throw error;
      const detail = MicroError.from(error).detail;
      throw unavailable(
        `registry 'file': cannot use the folder ${this.#path}; set 'path' to one that can be written: ${detail}`,
        error,
      );
    }
  }
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await stat(path);
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return true;
    throw error;
  }
}

function defaultPath(): string {
  return join(tmpdir(), `micro-registry-${process.getuid?.() ?? userInfo().username}`);
}

/** Temporary folders are everybody's: one that somebody else prepared could send our calls anywhere. */
async function checkOwner(path: string): Promise<void> {
  const uid = process.getuid?.();
  if (uid === undefined) return;
  const stats = await lstat(path);
  const problem = !stats.isDirectory()
    ? "is no folder"
    : stats.uid !== uid
      ? "belongs to another user"
      : (stats.mode & 0o022) !== 0
        ? "can be written by other users"
        : undefined;
  if (problem === undefined) return;
  throw new MicroError({
    code: "PRECONDITION_FAILED",
    id: "go.micro.registry",
    detail: `registry 'file': the default folder ${path} ${problem}: remove it, or set 'path' to a folder you trust`,
  });
}
