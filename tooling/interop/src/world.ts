import type { CallOptions, ContractClient } from "@micro/client";
import { temporaryFolder } from "@micro/programs";
import { type NatsServer, startNatsServer } from "@micro/servers";
import type { Generation } from "./generations.ts";
import {
  type GoAnswer,
  type GoCall,
  type GoStep,
  type GoStreamAnswer,
  goCall,
  goStream,
} from "./go-commands.ts";
import { GoPeer } from "./go-peer.ts";
import { greeterContract, greeterService, Notes } from "./greeter.ts";
import { startCaller, startService, type TsCaller, type TsService } from "./ts-services.ts";

/** A Go server that listens. */
export interface GoServer {
  readonly peer: GoPeer;
  readonly address: string;
  /** Node id. */
  readonly id: string;
}

const READY_TIMEOUT_MS = 10_000;

/** The peers of one generation. What most rows share is started once; what a row starts, the row stops. */
export class World {
  readonly generation: Generation;
  /** What handlers of {@link tsService} told. */
  readonly notes = new Notes();
  readonly #program: string;
  readonly #owned: AsyncDisposable[] = [];
  readonly #shared = new Map<string, Promise<unknown>>();
  #domains = 0;

  constructor(generation: Generation, program: string) {
    this.generation = generation;
    this.#program = program;
  }

  /** True for the older of the two generations. */
  get is22(): boolean {
    return this.generation.id === "22";
  }

  /** A domain of multicast DNS that no other row and no other run uses. */
  freshDomain(): string {
    return `interop-${this.generation.id}-${process.pid}-${++this.#domains}`;
  }

  /** Greeter in Go, on its own; shared by rows. */
  goServer(): Promise<GoServer> {
    return this.share("go server", () => this.startGoServer([]));
  }

  /** A Go client that is given addresses; shared by rows. */
  goClient(): Promise<GoPeer> {
    return this.share("go client", () => this.startGoClient([]));
  }

  /** Greeter in TypeScript, on its own; shared by rows. */
  tsService(): Promise<TsService> {
    return this.share("ts service", () => this.own(startService(greeterService(this.notes))));
  }

  /** A TypeScript client that is given addresses; shared by rows. */
  tsCaller(): Promise<TsCaller> {
    return this.share("ts caller", () => this.own(startCaller()));
  }

  /** A folder with `ca.pem`, `server.pem` and `server.key` for loopback, made for this run. */
  certificates(): Promise<string> {
    return this.share("certificates", async () => {
      const folder = await temporaryFolder();
      this.#owned.push({ [Symbol.asyncDispose]: () => folder.remove() });
      const maker = this.startGo(["certificate", "-folder", folder.path]);
      await maker.event("ready");
      return folder.path;
    });
  }

  /** A NATS server, shared by rows; most of them use names of their own on it. */
  natsServer(): Promise<NatsServer> {
    return this.share("nats server", () => this.own(startNatsServer()));
  }

  /** Calls the shared TypeScript service from Go. */
  async callTs<Body = unknown>(call: Omit<GoCall, "address">): Promise<GoAnswer<Body>> {
    const { server } = await this.tsService();
    return goCall<Body>(await this.goClient(), { ...call, address: server.address ?? "" });
  }

  /** Plays a script on a stream from Go to the shared TypeScript service. */
  async streamTs(
    call: Omit<GoCall, "address"> & { readonly steps: readonly GoStep[] },
  ): Promise<GoStreamAnswer> {
    const { server } = await this.tsService();
    return goStream(await this.goClient(), { ...call, address: server.address ?? "" });
  }

  /** The shared Go server as the shared TypeScript client calls it. */
  async goGreeter(options: CallOptions = {}): Promise<ContractClient<typeof greeterContract.methods>> {
    const { address } = await this.goServer();
    const { client } = await this.tsCaller();
    return client.of(greeterContract, { address, ...options });
  }

  /** A Go server with flags of a row's own. */
  async startGoServer(flags: readonly string[]): Promise<GoServer> {
    const peer = this.startGo(["server", ...flags]);
    const { address, id } = await peer.event<{ readonly address: string; readonly id: string }>("ready", {
      timeoutMs: READY_TIMEOUT_MS,
    });
    return { peer, address, id };
  }

  /** A Go client with flags of a row's own. */
  async startGoClient(flags: readonly string[]): Promise<GoPeer> {
    const peer = this.startGo(["client", ...flags]);
    await peer.event("ready", { timeoutMs: READY_TIMEOUT_MS });
    return peer;
  }

  /** Any command of the Go program; it is stopped with the world at the latest. */
  startGo(args: readonly string[]): GoPeer {
    const peer = new GoPeer(this.#program, args);
    this.#owned.push(peer);
    return peer;
  }

  /** Stops this with the world at the latest. */
  async own<T extends AsyncDisposable>(starting: Promise<T>): Promise<T> {
    const started = await starting;
    this.#owned.push(started);
    return started;
  }

  /** Forgets what handlers of an earlier row told. */
  clear(): void {
    this.notes.clear();
    for (const one of this.#owned) if (one instanceof GoPeer) one.clear();
  }

  /** Stops everything, the last started first. */
  async stop(): Promise<void> {
    const owned = this.#owned.splice(0).reverse();
    const results = await Promise.allSettled(owned.map((one) => one[Symbol.asyncDispose]()));
    const failures = results.flatMap((result) =>
      result.status === "rejected" ? [result.reason as unknown] : [],
    );
    if (failures.length > 0) throw new AggregateError(failures, "peers did not stop");
  }

  /** What `start` gives, started by the first row that asks for it. */
  share<T>(name: string, start: () => Promise<T>): Promise<T> {
    const known = this.#shared.get(name);
    if (known !== undefined) return known as Promise<T>;
    const starting = start();
    this.#shared.set(name, starting);
    return starting;
  }
}
