import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { NodeMessage, NodePlan, NodeQuestion, NodeReport } from "./control.ts";
import { forkProgram } from "./fork-program.ts";
import type { HandlerEvent } from "./probe-service.ts";
import { within } from "./within.ts";

/** How a node's process ended. */
export interface NodeEnd {
  /** The exit code, or the signal that ended it. */
  readonly status: number | NodeJS.Signals | null;
}

/** A node in a process of its own, as the test holds it. */
export class NodeChild {
  readonly name: string;
  readonly ended: Promise<NodeEnd>;
  /** Unhandled rejections, uncaught exceptions and warnings of the process. */
  readonly complaints: string[] = [];
  /** What it wrote to standard error. */
  readonly stderr: string[] = [];
  readonly #child: ChildProcess;
  readonly #listeners = new Set<(message: NodeMessage) => void>();
  readonly #handlerEvents: HandlerEvent[] = [];
  #ready: { readonly address: string; readonly nodeId: string } | undefined;
  #questions = 0;
  #frozen = false;

  constructor(plan: NodePlan) {
    this.name = plan.node;
    this.#child = forkProgram("./node-process.ts", [JSON.stringify(plan)]);
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => this.stderr.push(text));
    this.#child.on("message", (message: NodeMessage) => {
      if (message.type === "ready") this.#ready = message;
      else if (message.type === "complaint") this.complaints.push(message.text);
      else if (message.type === "handler") this.#handlerEvents.push(message.event);
      for (const listener of this.#listeners) listener(message);
    });
    this.ended = once(this.#child, "exit").then(([code, signal]) => ({
      status: (code ?? signal) as NodeEnd["status"],
    }));
  }

  /** Resolves when it listens and is registered. */
  async ready(): Promise<this> {
    if (this.#ready === undefined)
      await this.#next("be ready", (message) => message.type === "ready", 60_000);
    return this;
  }

  get address(): string {
    return this.#ready?.address ?? "";
  }

  get nodeId(): string {
    return this.#ready?.nodeId ?? "";
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Sends a signal and does not wait. */
  signal(signal: NodeJS.Signals): void {
    if (signal === "SIGSTOP") this.#frozen = true;
    if (signal === "SIGCONT") this.#frozen = false;
    this.#child.kill(signal);
  }

  /** SIGTERM, then waits until it has ended by itself. */
  async terminate(timeoutMs = 15_000): Promise<NodeEnd> {
    this.signal("SIGTERM");
    return within(`node ${this.name} must end after SIGTERM`, timeoutMs, this.ended);
  }

  /** What its handlers have done, and what it holds. */
  async report({ collect = false } = {}): Promise<NodeReport> {
    const question = ++this.#questions;
    const wanted = (message: NodeMessage) => message.type === "report" && message.question === question;
    const answer = this.#next("answer", wanted, 10_000);
    this.#child.send({ question, collect } satisfies NodeQuestion);
    const message = await answer;
    if (message.type !== "report") throw new Error("not a report");
    return message.report;
  }

  /** What a handler tells of the call with this id; those told before count. */
  async handler(what: HandlerEvent["what"], id: string, timeoutMs = 5000): Promise<HandlerEvent> {
    const fits = (event: HandlerEvent) => event.what === what && event.id === id;
    const found = this.#handlerEvents.find(fits);
    if (found !== undefined) return found;
    const wanted = (message: NodeMessage) => message.type === "handler" && fits(message.event);
    const message = await this.#next(`tell '${what}' of ${id}`, wanted, timeoutMs);
    if (message.type !== "handler") throw new Error("not an event of a handler");
    return message.event;
  }

  /** Lets it run again if it is frozen. */
  thaw(): void {
    if (this.#frozen) this.signal("SIGCONT");
  }

  /** Ends it whatever it does, and resolves when it is gone. */
  async destroy(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #next(
    what: string,
    wanted: (message: NodeMessage) => boolean,
    timeoutMs: number,
  ): Promise<NodeMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<NodeMessage>();
    const listener = (message: NodeMessage): void => {
      if (wanted(message)) resolve(message);
    };
    this.#listeners.add(listener);
    void this.ended.then(({ status }) => reject(new Error(`node ${this.name} ended with ${status}`)));
    try {
      return await within(`node ${this.name} must ${what}`, timeoutMs, promise);
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.stderr.join("")}${this.complaints.join("\n")}`, {
        cause: error,
      });
    } finally {
      this.#listeners.delete(listener);
    }
  }
}
