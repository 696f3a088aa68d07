import { randomUUID } from "node:crypto";
import { jittered, type Logger, MicroError } from "@micro/core";
import type { NatsLink, NatsMessage, NatsSubscription } from "@micro/nats";
import {
  callWithin,
  copyRecord,
  DEFAULT_TTL_MS,
  type GetOptions,
  NodeExpiry,
  NodeTable,
  type RegisterOptions,
  type RegistryBackend,
  type RegistryCallOptions,
  type RegistryEvent,
  type ServiceRecord,
  unavailable,
  type WatchOptions,
  withNode,
} from "@micro/registry";
import { Directory, type LookupBounds } from "./directory.ts";
import { Inquiry } from "./inquiry.ts";
import { answerServiceQuestions } from "./nats-services.ts";
import { answerMessage, deleteMessage, putMessage, readQuestion, readTold } from "./wire.ts";

/** What a {@link NatsRegistry} is made of; durations in ms. */
export interface NatsRegistryOptions {
  readonly link: NatsLink;
  readonly logger: Logger;
  readonly querySubjects: readonly string[];
  readonly watchSubjects: readonly string[];
  readonly registerAction: string;
  readonly queryTimeout: number;
  readonly refreshInterval: number;
  readonly maxNodes: number;
  readonly reconnectPause: number;
  /** Answer the questions of NATS for its services. */
  readonly natsServices: boolean;
}

/** Share of an operation's time that may pass until there is a connection; then its own error says why there is none. */
const READY_SHARE = 0.9;
/** Nodes tell that they are back within this time after an outage, not all at once. */
const ANNOUNCE_WITHIN_MS = 500;
/** Others may need this long, and some tries, to be connected again. */
const SETTLE_MS = 2000;

/** Between `start` and `stop`. */
interface Running {
  readonly directory: Directory;
  readonly ends: (() => void)[];
  /** Questions are heard while there is something to answer: who asks learns at once when nobody could. */
  answering: NatsSubscription[];
  announcing: NodeJS.Timeout | undefined;
}

/** The registry of one service: its own nodes answer for themselves, others are asked and listened to (spec 4.1). */
export class NatsRegistry implements RegistryBackend {
  readonly name = "nats";
  readonly #options: NatsRegistryOptions;
  readonly #from = randomUUID();
  readonly #own = new NodeTable();
  readonly #expiry = new NodeExpiry(this.#own, (records) => this.#expire(records));
  /** How long each of our services said that its nodes live, in ms. */
  readonly #ttls = new Map<string, number | undefined>();
  #running: Running | undefined;
  #upSince = -Infinity;

  constructor(options: NatsRegistryOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { link, logger, watchSubjects } = this.#options;
    const directory = new Directory({
      ...this.#options,
      inquiry: new Inquiry(this.#options),
      own: this.#own,
      from: this.#from,
      settled: () => this.#settled(),
    });
    const running: Running = { directory, ends: [], answering: [], announcing: undefined };
    this.#running = running;
    const onTold = ({ data }: NatsMessage): void => {
      try {
        const told = readTold(data);
        if (told !== undefined) directory.told(told);
      } catch (error) {
        logger.debug("nats: what a node told could not be read", { error });
      }
    };
    for (const subject of watchSubjects) running.ends.push(link.listen(subject, onTold).end);
    if (this.#options.natsServices) {
      running.ends.push(answerServiceQuestions({ link, own: this.#own, logger }));
    }
    await link.hold();
    // The first connection is no outage: nobody else has just lost one.
    running.ends.push(link.onUp(() => this.#cameUp(running)));
  }

  async stop({ graceMs }: { readonly graceMs: number }): Promise<void> {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    const { link } = this.#options;
    clearTimeout(running.announcing);
    this.#expiry.stop();
    const own = this.#own.records();
    this.#own.clear();
    for (const { end } of running.answering) end();
    for (const end of running.ends) end();
    running.directory.close();
    // Without a connection there is nobody to say goodbye to: others notice that these nodes are silent.
    if (link.connected) for (const record of own) this.#tell(deleteMessage(record, this.#from));
    await link.release({ graceMs });
  }

  register(record: ServiceRecord, options: RegisterOptions = {}): Promise<void> {
    const what = `register '${record.name}'`;
    return this.#call(what, options, async (running, bounds) => {
      const { link, registerAction } = this.#options;
      const { ttlMs = DEFAULT_TTL_MS } = options;
      const told = copyRecord(record);
      const stamp = { from: this.#from, ttlMs: ttlMs === 0 ? undefined : ttlMs };
      this.#tell(putMessage(registerAction, told, stamp));
      const expiresAt = ttlMs === 0 ? Infinity : performance.now() + ttlMs;
      this.#ttls.set(record.name, stamp.ttlMs);
      const changed = this.#own.put(told, expiresAt);
      this.#expiry.schedule(expiresAt);
      this.#answerOrNot(running);
      if (changed) running.directory.publish({ type: "put", service: told });
      await link.flush(what, bounds);
    });
  }

  async deregister(record: ServiceRecord, options: RegistryCallOptions = {}): Promise<void> {
    const what = `deregister '${record.name}'`;
    // At once, whether others can be told or not: questions are not answered for it any more.
    if (this.#running !== undefined) this.#remove(this.#running, record);
    await this.#call(what, options, async ({ directory }, bounds) => {
      directory.told({ gone: true, record });
      this.#tell(deleteMessage(record, this.#from));
      await this.#options.link.flush(what, bounds);
    });
  }

  get(service: string, options: GetOptions = {}): Promise<readonly ServiceRecord[]> {
    return this.#call(`get '${service}'`, options, ({ directory }, bounds) =>
      directory.lookup(service, { ...bounds, onFound: options.onFound }),
    );
  }

  list(options: RegistryCallOptions = {}): Promise<readonly string[]> {
    return this.#call("list", options, ({ directory }, bounds) => directory.names(bounds));
  }

  watch(options: WatchOptions = {}): AsyncIterable<RegistryEvent> {
    const running = this.#running;
    if (running === undefined) throw notStarted();
    return running.directory.watch(options);
  }

  #call<T>(
    what: string,
    options: RegistryCallOptions,
    run: (running: Running, bounds: LookupBounds) => Promise<T>,
  ): Promise<T> {
    return callWithin(`registry 'nats': ${what}`, options, async (bounds) => {
      if (this.#running === undefined) throw notStarted();
      await this.#options.link.ready(what, { ...bounds, timeoutMs: bounds.timeoutMs * READY_SHARE });
      const running = this.#running;
      if (running === undefined) throw notStarted();
      return run(running, bounds);
    });
  }

  /** Both generations of Go listen, each to a subject of its own. */
  #tell(payload: Uint8Array): void {
    const { link, watchSubjects } = this.#options;
    for (const subject of watchSubjects) link.publish(subject, payload);
  }

  #remove(running: Running, record: ServiceRecord): void {
    if (record.nodes.length === 0 || !this.#own.delete(record)) return;
    if (this.#own.records(record.name).length === 0) this.#ttls.delete(record.name);
    this.#answerOrNot(running);
    running.directory.publish({ type: "delete", service: record });
  }

  #answerOrNot(running: Running): void {
    const { link, querySubjects } = this.#options;
    const wanted = this.#own.services().length > 0;
    if (wanted === running.answering.length > 0) return;
    for (const { end } of running.answering) end();
    const onQuestion = (message: NatsMessage): void => this.#answer(message);
    running.answering = wanted ? querySubjects.map((subject) => link.listen(subject, onQuestion)) : [];
  }

  #answer({ data, reply }: NatsMessage): void {
    const { link, logger } = this.#options;
    if (reply === undefined) return;
    try {
      const question = readQuestion(data);
      if (question === undefined) return;
      // To a question for all Go too answers with everything (spec 4.1).
      for (const record of this.#own.records(question.service))
        this.#answerWith(reply, record, link.maxPayload);
    } catch (error) {
      logger.debug("nats: a question could not be answered", { error });
    }
  }

  /** One message per version, as Go does, unless that is too large for the server: then one per node. */
  #answerWith(reply: string, record: ServiceRecord, maxPayload: number): void {
    const stamp = { from: this.#from, ttlMs: this.#ttls.get(record.name) };
    const whole = answerMessage(record, stamp);
    if (whole.byteLength <= maxPayload || record.nodes.length === 1) {
      this.#options.link.publish(reply, whole);
      return;
    }
    for (const node of record.nodes) {
      this.#options.link.publish(reply, answerMessage(withNode(record, node), stamp));
    }
  }

  #expire(records: readonly ServiceRecord[]): void {
    const running = this.#running;
    if (running === undefined) return;
    for (const record of records) {
      this.#remove(running, record);
      if (this.#options.link.connected) this.#tell(deleteMessage(record, this.#from));
    }
  }

  #settled(): boolean {
    const settleMs = Math.max(SETTLE_MS, 4 * this.#options.reconnectPause);
    return this.#options.link.connected && performance.now() - this.#upSince >= settleMs;
  }

  #cameUp(running: Running): void {
    this.#upSince = performance.now();
    running.directory.again();
    clearTimeout(running.announcing);
    running.announcing = setTimeout(() => this.#announce(), jittered(ANNOUNCE_WITHIN_MS)).unref();
  }

  /** Others may have forgotten these nodes, and Go hears of them only now. */
  #announce(): void {
    const { registerAction, logger } = this.#options;
    try {
      for (const record of this.#own.records()) {
        this.#tell(
          putMessage(registerAction, record, { from: this.#from, ttlMs: this.#ttls.get(record.name) }),
        );
      }
    } catch (error) {
      logger.debug("nats: nodes could not be announced; they are when they are registered again", {
        error: MicroError.from(error),
      });
    }
  }
}

function notStarted(): MicroError {
  return unavailable("registry 'nats' is not started, or stopped already");
}
