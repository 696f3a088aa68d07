import { closeSync, fstatSync, mkdirSync, openSync, writeSync } from "node:fs";
import { type FileHandle, mkdir, open, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { LineTarget } from "@micro/logger";
import { orUndefined, rotate } from "./rotate.ts";

/** What {@link RotatingFile} takes. */
export interface RotatingFileOptions {
  /** Bytes after which the file is moved away. */
  readonly maxSize: number;
  /** Files kept, the one written to among them. */
  readonly maxFiles: number;
  /** Told once per outage. */
  readonly onError: (text: string) => void;
}

/** Bytes of one write: a write is one system call, which the end of the process can wait for. */
const PIECE_BYTES = 256 * 1024;
/** Pause before a file that failed is tried again. */
const RETRY_MS = 500;
/** How long the end of the process waits for the write under way, to keep the order of lines. */
const EXIT_WAIT_MS = 100;

/** Lines that no write has been made for yet, and the write under way. */
interface UnderWay {
  readonly lines: readonly string[];
  readonly issued?: { readonly fd: number; readonly endsAt: number; readonly lines: number };
}

interface OpenFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly size: number;
}

/**
 * A file that lines are appended to, moved away when it is full. Before each batch it is checked that the path still
 * names the open file: a folder that disappeared is made again, a file that someone else moved away is left to them.
 * While that fails (disk full, no permission) lines are lost and counted, and it is tried again.
 */
export class RotatingFile implements LineTarget {
  readonly recovers = true;
  readonly #path: string;
  readonly #options: RotatingFileOptions;
  #handle: FileHandle | undefined;
  #inode = 0;
  #underWay: UnderWay = { lines: [] };
  /** A write failed halfway: the next one begins on a line of its own. */
  #torn = false;
  #retryAtMs = 0;
  #isOut = false;
  #rotationFailed = false;

  constructor(path: string, options: RotatingFileOptions) {
    this.#path = resolve(path);
    this.#options = options;
  }

  write(lines: readonly string[], done: (lost: number) => void): void {
    this.#underWay = { lines };
    void this.#run(done);
  }

  writeAtExit(lines: readonly string[]): void {
    const { lines: started, issued } = this.#underWay;
    if (issued !== undefined) waitForSize(issued.fd, issued.endsAt);
    const text = [...started.slice(issued?.lines ?? 0), ...lines].join("");
    if (text === "") return;
    try {
      mkdirSync(dirname(this.#path), { recursive: true });
      const fd = openSync(this.#path, "a");
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      closeSync(fd);
    } catch (error) {
      // Too late for a process warning.
      if (!this.#isOut) process.stderr.write(`${this.#complaint(error)}\n`);
    }
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch((error: unknown) => this.#report(error));
  }

  async #run(done: (lost: number) => void): Promise<void> {
    await this.#append();
    const lost = this.#underWay.lines.length;
    this.#underWay = { lines: [] };
    done(lost);
  }

  async #append(): Promise<void> {
    if (performance.now() < this.#retryAtMs) return;
    try {
      while (this.#underWay.lines.length > 0) await this.#appendPiece(this.#underWay.lines);
      this.#isOut = false;
    } catch (error) {
      this.#retryAtMs = performance.now() + RETRY_MS;
      await this.close();
      this.#report(error);
    }
  }

  async #appendPiece(lines: readonly string[]): Promise<void> {
    let file = await this.#current();
    const { maxSize } = this.#options;
    let room = maxSize - file.size;
    if (file.size > 0 && Buffer.byteLength(lines[0] ?? "") > room) {
      const rotated = await this.#rotate(file.inode);
      if (rotated) file = await this.#current();
      room = rotated ? maxSize - file.size : PIECE_BYTES;
    }
    const count = fitting(lines, Math.min(room, PIECE_BYTES));
    const bytes = Buffer.from((this.#torn ? "\n" : "") + lines.slice(0, count).join(""));
    this.#underWay = {
      lines,
      issued: { fd: file.handle.fd, endsAt: file.size + bytes.length, lines: count },
    };
    this.#torn = true;
    for (let at = 0; at < bytes.length; ) at += (await file.handle.write(bytes, at)).bytesWritten;
    this.#torn = false;
    this.#underWay = { lines: lines.slice(count) };
  }

  /** The open file if the path still names it, else the one that the path names, made if need be. */
  async #current(): Promise<OpenFile> {
    const there = await stat(this.#path).catch(orUndefined);
    if (this.#handle !== undefined && there?.ino === this.#inode) {
      return { handle: this.#handle, inode: this.#inode, size: there.size };
    }
    await this.close();
    await mkdir(dirname(this.#path), { recursive: true });
    const handle = await open(this.#path, "a");
    this.#handle = handle;
    const { ino, size } = await handle.stat();
    this.#inode = ino;
    return { handle, inode: ino, size };
  }

  /** Without rotation lines are still written: a file too large is better than none. */
  async #rotate(inode: number): Promise<boolean> {
    try {
      const rotated = await rotate(this.#path, { maxFiles: this.#options.maxFiles, inode });
      this.#rotationFailed = false;
      return rotated;
    } catch (error) {
      if (!this.#rotationFailed) {
        this.#options.onError(
          `the log file ${this.#path} cannot be moved away and grows beyond logger.file_max_size: ${textOf(error)}`,
        );
      }
      this.#rotationFailed = true;
      return false;
    }
  }

  #report(error: unknown): void {
    if (this.#isOut) return;
    this.#isOut = true;
    this.#options.onError(this.#complaint(error));
  }

  #complaint(error: unknown): string {
    return `the log file ${this.#path} cannot be written, its lines are lost until it can: ${textOf(error)}`;
  }
}

/** How many of the lines fit into so many bytes; one at least. */
function fitting(lines: readonly string[], bytes: number): number {
  let left = bytes;
  const end = lines.findIndex((line, index) => {
    left -= Buffer.byteLength(line);
    return left < 0 && index > 0;
  });
  return end === -1 ? lines.length : end;
}

/** Sleeps until the file has its size: the threads that write still run while the process ends. */
function waitForSize(fd: number, size: number): void {
  const clock = new Int32Array(new SharedArrayBuffer(4));
  const until = performance.now() + EXIT_WAIT_MS;
  try {
    while (fstatSync(fd).size < size && performance.now() < until) Atomics.wait(clock, 0, 0, 1);
  } catch {
    // The file was closed at this moment: its write is over, there is nothing to wait for.
  }
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
