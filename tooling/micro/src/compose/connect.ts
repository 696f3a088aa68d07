import { type Broker, broker } from "@micro/broker";
import { type Client, client } from "@micro/client";
import { type AnyPlugin, createService, defineService, type ServiceCore, type Setting } from "@micro/core";
import { type Registry, registry } from "@micro/registry";
import type { CommandContext } from "../context.ts";
import { CATALOG } from "./catalog.ts";
import { clientSettings, isListenAddress } from "./choices.ts";
import { findOrTell, findPlugin, type MissingPlugins, type PluginChoice } from "./find-plugin.ts";
import { flagsSource } from "./flags-source.ts";

/** What a command wants to use. */
export interface ConnectOptions {
  readonly components: readonly ("registry" | "client" | "broker")[];
  /** Taken when nobody chooses a client. */
  readonly clientPlugin?: string | undefined;
  /** Nothing is looked up, so no registry is opened. */
  readonly withoutRegistry?: boolean;
  /** Registers something, for which a registry may be made; reading alone makes nothing. @default false */
  readonly registers?: boolean;
  /** The registry of another connection, used together. */
  readonly shared?: Connection;
}

/** A running composition of what a command uses; stop it in `finally`. */
export interface Connection {
  readonly service: ServiceCore;
  readonly registry: Registry;
  readonly client: Client;
  readonly broker: Broker;
  /** Names of the chosen plugins by component. */
  readonly plugins: Readonly<Record<string, string>>;
  /** Ends it; what was published is delivered within `graceMs` (@default 5000). */
  stop(options?: { readonly graceMs?: number }): Promise<void>;
}

/** Name of this program to those it calls (`Micro-From-Service`). */
const NAME = "micro.cli";
const GRACE_MS = 5000;

/**
 * Starts a service without handlers and without a server, so that nobody finds it. Its plugins are those that flags,
 * environment and configuration file choose, and what they need.
 */
export async function connect(context: CommandContext, options: ConnectOptions): Promise<Connection> {
  const missing: MissingPlugins = new Map();
  const plugins = await choosePlugins(context, options, missing);
  const listed = new Set(plugins.map((plugin) => plugin.component.name as string));
  const names = Object.fromEntries(
    plugins
      .filter((plugin) => !plugin.component.multiple)
      .map((plugin) => [plugin.component.name as string, plugin.name]),
  );
  const broker_ = names.broker ?? "";
  const file = await context.choices.file();
  const fromFile = clientSettings(file, listed, broker_);
  const source = flagsSource({
    given: context.given,
    env: context.env,
    file: {
      settings: fromFile.settings,
      problems: [...file.problems, ...missing.values(), ...fromFile.problems],
    },
    // What is said of a plugin that is not there nobody can check.
    without: (setting) =>
      missing.has(setting.path[0] ?? "") || isForeign(setting, { options, brokerName: broker_ }),
  });
  // Which plugins there are is known only now; the types of the result end here.
  const create = createService as unknown as (definition: unknown, options: object) => Promise<ServiceCore>;
  const service = await create(defineService({ name: NAME }), {
    plugins: [...plugins, source],
    configFile: false,
    signal: context.signal,
    logger: { level: "error", format: "pretty", timestamp: false },
    // What a node replies is shown as it is, not rounded.
    ...(listed.has("codec") ? { codec: { jsonBigIntegers: "bigint" } } : {}),
    ...(plugins.some(makesFolder) && !options.registers ? { registry: { createFolder: false } } : {}),
    ...(options.shared === undefined ? {} : { instances: { registry: options.shared.registry } }),
  });
  const stop = async ({ graceMs = GRACE_MS } = {}): Promise<void> => service.stop({ graceMs });
  try {
    await service.start();
  } catch (error) {
    await stop().catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
  return {
    service,
    get registry() {
      return service.resolve(registry);
    },
    get client() {
      return service.resolve(client);
    },
    get broker() {
      return service.resolve(broker);
    },
    plugins: names,
    stop,
  };
}

/** True for a registry that is a folder. */
const makesFolder = ({ component, config }: AnyPlugin): boolean =>
  component.name === "registry" && Object.hasOwn(config as object, "createFolder");

/** Runs `work` with a connection and ends it, whatever happens. */
export async function connected<T>(
  context: CommandContext,
  options: ConnectOptions,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const connection = await connect(context, options);
  let result: T;
  try {
    result = await work(connection);
  } catch (error) {
    await connection.stop().catch(() => undefined); // what the work failed with is the one to tell
    throw error;
  }
  await connection.stop();
  return result;
}

/** The plugins of the wanted components and, one after the other, of what those need. */
async function choosePlugins(
  context: CommandContext,
  options: ConnectOptions,
  missing: MissingPlugins,
): Promise<readonly AnyPlugin[]> {
  const plugins = new Map<string, readonly AnyPlugin[]>();
  const wanted: string[] = [...options.components, "logger"];
  for (let component = wanted.shift(); component !== undefined; component = wanted.shift()) {
    if (plugins.has(component)) continue;
    const found = await pluginsOf(component, context, {
      ...options,
      client: plugins.get("client")?.[0]?.name,
      missing,
    });
    plugins.set(component, found);
    for (const plugin of found)
      wanted.push(...plugin.needs.map((need: { readonly name: string }) => need.name));
  }
  return [...plugins.values()].flat();
}

async function pluginsOf(
  component: string,
  context: CommandContext,
  {
    withoutRegistry,
    clientPlugin,
    client: chosenClient,
    missing,
  }: ConnectOptions & { readonly client: string | undefined; readonly missing: MissingPlugins },
): Promise<readonly AnyPlugin[]> {
  const { search } = context;
  const entry = CATALOG[component];
  const built = (name: string, where: string): PluginChoice => ({ component, name, where });
  if (entry?.multiple) {
    const own = search.extra.filter((plugin) => plugin.component.name === component);
    const taken = new Set(own.flatMap(({ name, aliases }) => [name, ...aliases]));
    const loaders = Object.entries(entry.plugins).filter(
      // Only gRPC's own services are written in protobuf here.
      ([name]) => !taken.has(name) && (name !== "protobuf" || chosenClient === "grpc"),
    );
    return [...own, ...(await Promise.all(loaders.map(([, load]) => load())))];
  }
  if (component === "registry" && withoutRegistry)
    return [await findPlugin(built("memory", "--address"), search)];
  // How the service logs whose file this is, perhaps by a package that is not installed here, is not meant.
  const choice =
    component === "logger" ? context.choices.typed(component) : await context.choices.of(component);
  const chosen = choice && (await findOrTell(choice, search, missing));
  if (chosen !== undefined) return [chosen];
  if (component === "client" && clientPlugin !== undefined)
    return [await findPlugin(built(clientPlugin, "the nodes' protocol"), search)];
  // A plugin of `--plugin` need not be chosen by name when nothing else is.
  const [given] = search.extra.filter((plugin) => plugin.component.name === component);
  if (given !== undefined) return [given];
  // What no one knows is what createService reports.
  return entry === undefined ? [] : [await findPlugin(built(entry.default, "default"), search)];
}

/** Settings that mean another program, or a registry that is not asked. */
function isForeign(
  { path, origin }: Setting,
  { options, brokerName }: { readonly options: ConnectOptions; readonly brokerName: string },
): boolean {
  if (options.withoutRegistry && path[0] === "registry") return true;
  return origin.kind !== "flag" && isListenAddress(path, brokerName);
}
