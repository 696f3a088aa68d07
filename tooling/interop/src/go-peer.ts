import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { cleanEnvironment } from "@micro/checks/run-command";

/** One line that a peer printed. */
export type PeerLine = Readonly<Record<string, unknown>>;

/** Lines of standard error that are kept for messages. */
const KEPT_LINES = 60;
const STOP_TIMEOUT_MS = 5000;

interface Waiter {
  readonly wanted: (line: PeerLine) => boolean;
  readonly resolve: (line: PeerLine) => void;
}

/** A running Go program: commands go in as lines of JSON, answers and events come out the same way. */
export class GoPeer {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #events: PeerLine[] = [];
  readonly #errors: string[] = [];
  readonly #waiters = new Set<Waiter>();
  readonly #what: string;
  readonly ended: Promise<number | NodeJS.Signals | null>;
  #sequence = 0;

  constructor(program: string, args: readonly string[]) {
    this.#what = `go peer '${args.join(" ")}'`;
    // Proxies of the surroundings would stand between the peers (spec 1.1).
    const env = { ...cleanEnvironment(), HTTPS_PROXY: "", HTTP_PROXY: "", https_proxy: "", http_proxy: "" };
    this.#child = spawn(program, args, { stdio: "pipe", env });
    this.#child.stdin.on("error", () => undefined);
    createInterface({ input: this.#child.stdout }).on("line", (text) => this.#read(text));
    createInterface({ input: this.#child.stderr }).on("line", (text) => {
      this.#errors.push(text);
      if (this.#errors.length > KEPT_LINES) this.#errors.shift();
    });
    this.ended = once(this.#child, "close").then(
      ([code, signal]) => (code ?? signal) as number | NodeJS.Signals | null,
      (error: Error) => {
        this.#errors.push(error.message);
        return null;
      },
    );
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The last lines that it logged. */
  get log(): string {
    return this.#errors.join("\n");
  }

  /** Carries out one command; rejects only when there is no answer. */
  async run<Answer>(command: object, timeoutMs = 10_000): Promise<Answer> {
    const seq = ++this.#sequence;
    const answer = this.#next(
      `answer ${JSON.stringify(command).slice(0, 300)}`,
      timeoutMs,
      (line) => line.seq === seq,
    );
    this.#child.stdin.write(`${JSON.stringify({ ...command, seq })}\n`);
    return (await answer) as Answer;
  }

  /** The next event of this name that fits, and takes it away; those that came before count. */
  async event<Line extends object = PeerLine>(
    name: string,
    {
      timeoutMs = 5000,
      fits = () => true,
    }: { readonly timeoutMs?: number; readonly fits?: (line: Line) => boolean } = {},
  ): Promise<Line> {
    const wanted = (line: PeerLine): boolean => line.event === name && fits(line as Line);
    const at = this.#events.findIndex(wanted);
    if (at >= 0) return this.#events.splice(at, 1)[0] as Line;
    const line = await this.#next(`tell of '${name}'`, timeoutMs, wanted);
    this.#events.splice(this.#events.indexOf(line), 1);
    return line as Line;
  }

  /** Events of this name that nobody took yet. */
  seen<Line extends object = PeerLine>(name: string): readonly Line[] {
    return this.#events.filter(({ event }) => event === name) as unknown as Line[];
  }

  /** Forgets the events that nobody took. */
  clear(): void {
    this.#events.length = 0;
  }

  /** Sends a signal and resolves when it has ended; kills it when that takes too long. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | NodeJS.Signals | null> {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    this.#child.kill(signal);
    return this.ended.finally(() => clearTimeout(timer));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #read(text: string): void {
    let line: PeerLine;
    try {
      line = JSON.parse(text) as PeerLine;
    } catch {
      this.#errors.push(`not JSON on standard output: ${text}`);
      return;
    }
    if (line.event !== undefined) this.#events.push(line);
    for (const waiter of this.#waiters) {
      if (!waiter.wanted(line)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(line);
      return;
    }
  }

  async #next(what: string, timeoutMs: number, wanted: Waiter["wanted"]): Promise<PeerLine> {
    const { promise, resolve, reject } = Promise.withResolvers<PeerLine>();
    const waiter: Waiter = { wanted, resolve };
    const failure = (why: string): Error => new Error(`${this.#what} ${why}\n${this.log}`);
    this.#waiters.add(waiter);
    void this.ended.then((status) => reject(failure(`ended with ${status}, it should ${what}`)));
    const timer = setTimeout(() => reject(failure(`did not ${what} within ${timeoutMs} ms`)), timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiters.delete(waiter);
    });
  }
}
