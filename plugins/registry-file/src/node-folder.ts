import { type BigIntStats, type FSWatcher, type Stats, watch } from "node:fs";
import { lstat, readdir, readFile, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, MicroError } from "@micro/core";
import { NodeTable, type RegistryEvent, unavailable } from "@micro/registry";
import {
  hostIdentity,
  identityOf,
  isNodeFile,
  isTemporary,
  lives,
  lookAgain,
  MAX_FILE_BYTES,
  type NodeFile,
  parseNodeFile,
  type SeenFile,
  sameNode,
  seenFile,
} from "./node-file.ts";

/** Files whose node is gone this long are removed. */
const REMOVE_AFTER_MS = 60_000;
/** How often it is looked whether the folder changed, where the system does not tell. */
const POLL_MS = 500;
/** A burst of changes is read once. */
const DEBOUNCE_MS = 20;
/** File systems that know seconds only cannot tell a folder's second change within one; it is read once more then. */
const MTIME_GRAIN_MS = 2000;
const FILES_AT_ONCE = 32;

/** Options of a {@link NodeFolder}. */
export interface NodeFolderOptions {
  readonly path: string;
  readonly maxNodes: number;
  readonly logger: Logger;
  /** Makes the folder when it is missing. Resolves with false where there is none, and that is no error. */
  readonly prepare: () => Promise<boolean>;
  /** Told of each change, after `table` knows it. */
  readonly onChange: (event: RegistryEvent) => void;
  /** False: nobody watches, so that the folder is read on demand only. */
  readonly isWatched: () => boolean;
  /** @default that of Node */
  readonly watch?: typeof watch;
}

/** The folder when it was last read. */
interface FolderState {
  readonly identity: string;
  readonly mtimeMs: number;
  /** Any further change shows in `mtimeMs`. */
  readonly settled: boolean;
}

const UNSEEN: FolderState = { identity: "", mtimeMs: 0, settled: false };

/** The reading side of the folder: what the files say, and which of their writers live. */
export class NodeFolder {
  readonly table = new NodeTable();
  readonly #options: NodeFolderOptions;
  readonly #seen = new Map<string, SeenFile>();
  readonly #host = hostIdentity();
  #watcher: FSWatcher | undefined;
  /** The folder that `#watcher` is for. */
  #watched = "";
  #folder: FolderState = UNSEEN;
  #timer: NodeJS.Timeout | undefined;
  #debounce: NodeJS.Timeout | undefined;
  #scannedAt = -Infinity;
  /** Since when it could not be read; undefined while it can. */
  #blindSince: number | undefined;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #polling = false;
  #failing = false;
  #tooMany = false;

  constructor(options: NodeFolderOptions) {
    this.#options = options;
  }

  /** Begins to look for changes. */
  open(): void {
    this.#timer ??= setInterval(() => void this.#poll(), POLL_MS).unref();
  }

  /** Gives timers and watches back; resolves when nothing is read any more. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    clearTimeout(this.#debounce);
    this.#timer = undefined;
    this.#debounce = undefined;
    this.#unwatch();
    this.#watched = "";
    await Promise.allSettled([this.#running, this.#next]);
    this.table.clear();
    this.#seen.clear();
    this.#folder = UNSEEN;
  }

  /** Reads the folder; what was written before the call is known when it resolves. Rejects with `UNAVAILABLE`. */
  scan(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#begin();
    // The one that runs may have passed by what the caller is after.
    this.#next = this.#running
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return this.#begin();
      });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#running = this.#scan().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #scan(): Promise<void> {
    const { path } = this.#options;
    try {
      const folder = await this.#statFolder();
      const names = folder === UNSEEN ? [] : await readdir(path);
      this.#seeAgain();
      const files = this.#limit(names.filter(isNodeFile));
      const present = new Set(files);
      for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
        await Promise.all(files.slice(at, at + FILES_AT_ONCE).map((name) => this.#look(name)));
      }
      const replaced = this.#folder !== UNSEEN && folder.identity !== this.#folder.identity;
      for (const [name, seen] of this.#seen) {
        if (present.has(name)) continue;
        // A writer takes away its own file. Where the folder went as a whole, the writers come back into the new one:
        // they have the time of a few heartbeats for it.
        if (replaced && !seen.lost) {
          seen.lost = true;
          seen.aliveAt = performance.now();
        }
        if (seen.lost && this.#lives(seen, performance.now())) continue;
        this.#hide(seen);
        this.#seen.delete(name);
      }
      this.#folder = folder;
      this.#scannedAt = performance.now();
      this.#judge(this.#scannedAt);
      await this.#clean(names.filter(isTemporary));
    } catch (error) {
      this.#blindSince ??= performance.now();
      throw unavailable(`registry 'file': cannot read the folder ${path}: ${messageOf(error)}`, error);
    }
  }

  /** While the folder could not be read no heartbeat could be seen: that time does not count against anybody. */
  #seeAgain(): void {
    if (this.#blindSince === undefined) return;
    const outageMs = performance.now() - this.#blindSince;
    for (const seen of this.#seen.values()) seen.aliveAt += outageMs;
    this.#blindSince = undefined;
  }

  /** Makes the folder when somebody removed it, and follows it when it is another one. */
  async #statFolder(): Promise<FolderState> {
    const { path, prepare } = this.#options;
    const stats = await stat(path).catch(async () => ((await prepare()) ? await stat(path) : undefined));
    if (stats === undefined) return UNSEEN;
    const identity = folderIdentity(stats);
    if (this.#timer !== undefined && identity !== this.#watched) this.#watch(identity);
    return { identity, mtimeMs: stats.mtimeMs, settled: Date.now() - stats.mtimeMs > MTIME_GRAIN_MS };
  }

  #watch(identity: string): void {
    const { path, logger } = this.#options;
    this.#unwatch();
    // Where it cannot be watched it is not tried again: looking every now and then does it too.
    this.#watched = identity;
    const failed = (error: unknown): void => {
      this.#unwatch();
      const what = `the system does not tell of changes in the registry's folder: looking every ${POLL_MS} ms`;
      logger.warn(what, { path, error });
    };
    try {
      // Heartbeats are "change": only what comes, goes or is replaced is a "rename".
      this.#watcher = (this.#options.watch ?? watch)(path, { persistent: false }, (type) => {
        if (type !== "rename" || this.#debounce !== undefined || !this.#options.isWatched()) return;
        this.#debounce = setTimeout(() => {
          this.#debounce = undefined;
          void this.#background(this.scan());
        }, DEBOUNCE_MS).unref();
      });
      this.#watcher.on("error", failed);
    } catch (error) {
      failed(error);
    }
  }

  #unwatch(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  /** Reads one file if it is another than the one seen last, and notes its signs of life. */
  async #look(name: string): Promise<void> {
    const path = join(this.#options.path, name);
    try {
      const stats = await lstat(path, { bigint: true });
      const known = this.#seen.get(name);
      if (known?.identity === identityOf(stats)) {
        lookAgain(known, stats);
        return;
      }
      const seen = seenFile(stats, await this.#read(path, stats));
      // Another content is told of even when the node is the same: it was registered anew.
      if (known !== undefined && !(sameNode(known, seen) && this.#lives(seen, performance.now())))
        this.#hide(known);
      this.#seen.set(name, seen);
    } catch (error) {
      // Gone between listing and looking: the next look at the folder says so.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }

  /** Unreadable files are told of once, as they are looked at once until they change. */
  async #read(path: string, stats: BigIntStats): Promise<NodeFile | undefined> {
    try {
      if (!stats.isFile()) throw new Error("it is no plain file");
      if (stats.size > MAX_FILE_BYTES) throw new Error(`it is larger than ${MAX_FILE_BYTES} bytes`);
      return parseNodeFile(await readFile(path, "utf8"));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") throw error;
      const detail = `a file of the registry's folder is left out: ${messageOf(error)}`;
      this.#options.logger.warn(detail, { path, error });
      return undefined;
    }
  }

  #limit(names: readonly string[]): readonly string[] {
    const { maxNodes, path, logger } = this.#options;
    if (names.length <= maxNodes) {
      this.#tooMany = false;
      return names;
    }
    if (!this.#tooMany) {
      const what = `${names.length} files in the registry's folder, only ${maxNodes} are read: raise 'max_nodes'`;
      logger.warn(what, { path });
    }
    this.#tooMany = true;
    return [...names].sort().slice(0, maxNodes);
  }

  #lives(seen: SeenFile, now: number): boolean {
    return lives(seen, { now, host: this.#host });
  }

  /** Brings the table in line with the files. */
  #judge(now: number): void {
    for (const seen of this.#seen.values()) {
      if (!this.#lives(seen, now)) this.#hide(seen);
      else if (!seen.shown && seen.content !== undefined) {
        seen.shown = true;
        this.table.put(seen.content.record);
        this.#options.onChange({ type: "put", service: seen.content.record });
      }
    }
  }

  #hide(seen: SeenFile): void {
    if (!seen.shown || seen.content === undefined) return;
    seen.shown = false;
    this.table.delete(seen.content.record);
    this.#options.onChange({ type: "delete", service: seen.content.record });
  }

  /** Removes what crashed processes left behind. A writer that lives after all writes its file anew. */
  async #clean(temporary: readonly string[]): Promise<void> {
    const { path } = this.#options;
    const now = performance.now();
    for (const [name, seen] of this.#seen) {
      if (seen.content === undefined || this.#lives(seen, now)) continue;
      if (now - seen.aliveAt < Math.max(REMOVE_AFTER_MS, 10 * seen.content.lease.heartbeatMs)) continue;
      await this.#remove(join(path, name), (stats) => identityOf(stats) === seen.identity);
    }
    for (const name of temporary) {
      await this.#remove(
        join(path, name),
        (stats) => stats.isFile() && Date.now() - Number(stats.mtimeMs) > REMOVE_AFTER_MS,
      );
    }
  }

  async #remove(path: string, when: (stats: BigIntStats) => boolean): Promise<void> {
    try {
      if (when(await lstat(path, { bigint: true }))) await unlink(path);
    } catch (error) {
      // Another process may have been quicker, or it belongs to somebody else: litter harms nobody.
      this.#options.logger.debug("a file of a gone process could not be removed", { path, error });
    }
  }

  async #poll(): Promise<void> {
    if (this.#polling || this.#running !== undefined || !this.#options.isWatched()) return;
    this.#polling = true;
    // Nothing is judged without a look at the files: a process that was frozen would find all others dead.
    const due = this.#isDue(performance.now()) || (await this.#folderChanged());
    if (due && this.#timer !== undefined) await this.#background(this.scan());
    this.#polling = false;
  }

  #isDue(now: number): boolean {
    let interval = Infinity;
    for (const seen of this.#seen.values()) {
      if (seen.shown && !this.#lives(seen, now)) return true;
      if (seen.content !== undefined) interval = Math.min(interval, seen.content.lease.heartbeatMs);
    }
    return !this.#folder.settled || now - this.#scannedAt >= interval;
  }

  async #folderChanged(): Promise<boolean> {
    try {
      const stats = await stat(this.#options.path);
      return folderIdentity(stats) !== this.#folder.identity || stats.mtimeMs !== this.#folder.mtimeMs;
    } catch {
      // The scan finds out what it is, and tells.
      return true;
    }
  }

  /** Nobody waits for it: what goes wrong is logged, once until it works again. */
  async #background(work: Promise<void>): Promise<void> {
    try {
      await work;
      this.#failing = false;
    } catch (error) {
      if (!this.#failing) this.#options.logger.warn(messageOf(error), { error });
      this.#failing = true;
    }
  }
}

/** Changes when the folder is replaced; the number of a removed folder may come back, its time of birth does not. */
function folderIdentity({ dev, ino, birthtimeMs }: Stats): string {
  return `${dev}:${ino}:${birthtimeMs}`;
}

function messageOf(error: unknown): string {
  return MicroError.from(error).detail;
}
