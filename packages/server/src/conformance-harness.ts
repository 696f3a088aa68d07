import {
  type AnyPlugin,
  createService,
  defineService,
  type Logger,
  MicroError,
  nullLogger,
} from "@micro/core";
import type { ServerHarness, ServerWorld, ServerWorldCall, ServerWorldOptions } from "./conformance-world.ts";
import type { NodeRecord } from "./registration.ts";
import type { Server } from "./server.ts";

/** What the server and its caller of one world are made of, as `createService` takes it. */
export interface ServerWorldParts {
  /** Codec, registry, broker and server; a transport where the wire has one. */
  readonly server: readonly AnyPlugin[];
  /** A plugin of the server's logger that gives this one: the suite reads its warnings. */
  readonly logger: (own: Logger) => AnyPlugin;
  /** Codec, registry, broker, selector and client, and the transport. */
  readonly caller: readonly AnyPlugin[];
  /** Sections of both by component: what lets the two, and no others, meet. */
  readonly options?: Readonly<Record<string, object>>;
}

/** What {@link serverHarness} takes beside the plugins. */
export type ServerHarnessOptions = Pick<ServerHarness, "unknown">;

interface Living {
  start(): Promise<void>;
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** The service of a world, as far as the suite looks at it. */
interface WorldService extends Living {
  readonly server: Server;
  readonly registry: {
    register(...given: unknown[]): Promise<void>;
    get(name: string): Promise<unknown>;
  };
}

type CallOptions = Omit<ServerWorldCall, "endpoint" | "message"> & { readonly address: string };

/** Who calls it. A server's package knows no client's. */
interface WorldCaller extends Living {
  readonly client: {
    call(request: object, options: CallOptions): Promise<unknown>;
    stream(request: object, options: CallOptions): AsyncIterable<unknown>;
    publish(topic: string, message: unknown): Promise<void>;
  };
}

/** Makes the harness of an implementation from its plugins; `parts` is called once per world. */
export function serverHarness(
  parts: () => ServerWorldParts,
  { unknown }: ServerHarnessOptions = {},
): ServerHarness {
  return {
    ...(unknown === undefined ? {} : { unknown }),
    start: (options) => startWorld(parts(), options),
  };
}

async function startWorld(parts: ServerWorldParts, options: ServerWorldOptions): Promise<ServerWorld> {
  const { definition, server, middleware, broker = false, registryDown = false } = options;
  const { options: common = {} } = parts;
  const warnings: string[] = [];
  const living: Living[] = [];
  // Which components the plugins are of is not known here, only to whoever lists them.
  const create = async <S extends Living>(given: object, settings: object): Promise<S> => {
    const service = (await createService(given as never, settings as never)) as unknown as S;
    living.push(service);
    return service;
  };
  const stop = async (): Promise<void> => {
    for (const service of living.splice(0).reverse()) await service.stop({ graceMs: 200 });
  };
  try {
    const caller = await create<WorldCaller>(defineService({ name: "conformance-caller" }), {
      ...common,
      plugins: parts.caller,
      client: { ...common.client, poolRetries: 0 },
    });
    await caller.start();
    const service = await create<WorldService>(definition, {
      ...common,
      plugins: [...parts.server, parts.logger(listening(warnings))],
      server: { address: "127.0.0.1:0", ...common.server, ...server },
      broker: { ...common.broker, enabled: broker },
      ...(middleware === undefined ? {} : { middleware }),
    });
    const setRegistryDown = breakable(service.registry, registryDown);
    await service.start();
    const { name } = definition;
    const address = service.server.address ?? "";
    const given = ({ endpoint: _endpoint, message: _message, ...call }: ServerWorldCall): CallOptions => ({
      ...call,
      address,
    });
    return {
      server: service.server,
      warnings,
      call: (call) => caller.client.call(requestOf(call, name), given(call)),
      stream: ({ kind, ...call }) => caller.client.stream({ ...requestOf(call, name), kind }, given(call)),
      publish: (topic, message) => caller.client.publish(topic, message),
      // A record holds one node here: only this server registers.
      registered: async () => (await service.registry.get(name)) as readonly NodeRecord[],
      setRegistryDown,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function requestOf({ endpoint, message }: ServerWorldCall, service: string): object {
  return { service, endpoint, message };
}

/** Makes registering fail while it is told to; gives the switch. */
function breakable(registry: WorldService["registry"], down: boolean): (down: boolean) => void {
  let isDown = down;
  const register = registry.register.bind(registry);
  registry.register = async (...given) => {
    if (isDown) throw new MicroError({ code: "UNAVAILABLE", detail: "the registry is away" });
    await register(...given);
  };
  return (value) => {
    isDown = value;
  };
}

/** Keeps the warnings. */
function listening(warnings: string[]): Logger {
  const own: Logger = {
    ...nullLogger,
    warn: (message) => void warnings.push(typeof message === "string" ? message : message()),
    child: () => own,
  };
  return own;
}
