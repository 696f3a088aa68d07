import { rename, rm, unlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Logger, MicroError } from "@micro/core";
import { unavailable } from "@micro/registry";
import { temporaryNameOf } from "./node-file.ts";

/** Options of {@link OwnFiles}. */
export interface OwnFilesOptions {
  readonly path: string;
  readonly heartbeatMs: number;
  readonly logger: Logger;
  /** Makes the folder when it is missing. */
  readonly prepare: () => Promise<unknown>;
}

/** The writing side of the folder: the files of this process's nodes, kept alive by a heartbeat. */
export class OwnFiles {
  readonly #options: OwnFilesOptions;
  /** What each says, to write it anew when somebody removes it. */
  readonly #texts = new Map<string, string>();
  #heartbeat: NodeJS.Timeout | undefined;
  #open = false;
  #beating = false;
  /** The log says already that the heart does not beat. */
  #failing = false;
  /** Writes happen one after the other: a heartbeat must not bring back a file that is being removed. */
  #writing: Promise<unknown> = Promise.resolve();

  constructor(options: OwnFilesOptions) {
    this.#options = options;
  }

  open(): void {
    this.#open = true;
    this.#heartbeat ??= setInterval(() => void this.#beat(), this.#options.heartbeatMs).unref();
  }

  /** Removes all of them. */
  async close(): Promise<void> {
    this.#open = false;
    clearInterval(this.#heartbeat);
    this.#heartbeat = undefined;
    await this.remove(() => [...this.#texts.keys()]);
  }

  /** Writes files by name, each complete before others can see it. */
  write(files: ReadonlyMap<string, string>): Promise<void> {
    return this.#exclusive(async () => {
      for (const [file, text] of files) {
        if (!this.#open) throw unavailable("registry 'file' was stopped while it registered a node");
        await this.#write(file, text);
        this.#texts.set(file, text);
      }
    });
  }

  /** Removes files, named when it is their turn; missing ones are no error. */
  remove(names: () => readonly string[]): Promise<void> {
    return this.#exclusive(async () => {
      const failures: unknown[] = [];
      for (const file of names()) {
        this.#texts.delete(file);
        try {
          await unlink(join(this.#options.path, file));
        } catch (error) {
          if (!isMissing(error)) failures.push(error);
        }
      }
      if (failures.length > 0) throw this.#failure("cannot remove a file of the folder", failures[0]);
    });
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#writing.then(work);
    // The next writer waits for the end of this one, however it ends; its own caller hears of it.
    this.#writing = done.catch(() => undefined);
    return done;
  }

  async #write(file: string, text: string): Promise<void> {
    const { path, prepare } = this.#options;
    const temporary = join(path, temporaryNameOf(file));
    try {
      try {
        await writeFile(temporary, text, { flag: "wx" });
      } catch (error) {
        if (!isMissing(error)) throw error;
        await prepare();
        await writeFile(temporary, text, { flag: "wx" });
      }
      await rename(temporary, join(path, file));
    } catch (error) {
      // Where it cannot be removed either, the first error says why.
      await rm(temporary, { force: true }).catch(() => undefined);
      throw this.#failure("cannot write to the folder", error);
    }
  }

  /** Touches the files, and writes those anew that somebody removed. */
  async #beat(): Promise<void> {
    // A slow disk must not pile up heartbeats.
    if (this.#beating || this.#texts.size === 0) return;
    this.#beating = true;
    try {
      await this.#exclusive(async () => {
        const now = new Date();
        for (const [file, text] of this.#texts) {
          try {
            await utimes(join(this.#options.path, file), now, now);
          } catch (error) {
            if (!isMissing(error)) throw error;
            await this.#write(file, text);
          }
        }
      });
      this.#failing = false;
    } catch (error) {
      const { path, logger } = this.#options;
      const level = this.#failing ? "debug" : "warn";
      logger.log(level, "the heartbeat of this process's nodes failed", { path, error });
      this.#failing = true;
    } finally {
      this.#beating = false;
    }
  }

  #failure(what: string, error: unknown): MicroError {
    if (MicroError.is(error)) return error;
    const detail = `registry 'file': ${what} ${this.#options.path}: ${MicroError.from(error).detail}`;
    return unavailable(detail, error);
  }
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
