import type { Logger } from "@micro/core";
import { NatsLink } from "./link.ts";
import { connectionOptions, type NatsOptions, natsOptions } from "./options.ts";

/** What {@link sharedLink} is told. */
export interface SharedLinkOptions {
  /** The `scope` of the plugin's service: plugins of one service share. Its logger is told, as component `nats`. */
  readonly scope: { readonly name: string; readonly logger: Logger };
  /** The component's addresses; none means `127.0.0.1:4222`. */
  readonly addresses: readonly string[];
  readonly config: NatsOptions;
  /** Section of the plugin, for errors: `broker`. */
  readonly section: string;
}

const SHARED = Symbol.for("micro.nats.links");

/**
 * The connection of this service to these servers. Plugins of one service that say the same share it; it opens with
 * the first `hold` and closes with the last `release`. Throws `BAD_REQUEST` for settings that cannot be.
 */
export async function sharedLink(options: SharedLinkOptions): Promise<NatsLink> {
  const { scope, addresses, config, section } = options;
  const settings = await connectionOptions(config, { addresses, section });
  const links = linksOf(scope);
  const said = Object.keys(natsOptions).map((key) => config[key as keyof NatsOptions]);
  const key = JSON.stringify([settings.servers, said.map((value) => value ?? null)]);
  const known = links.get(key);
  if (known !== undefined) return known;
  // Not the logger of the plugin that came first: what is told is true of all of them.
  const logger = scope.logger.child({ component: "nats" });
  const link = new NatsLink({ settings: { ...settings, name: scope.name }, logger });
  links.set(key, link);
  return link;
}

/** Kept at the service, so that it lives as long as that, and two copies of this package share too. */
function linksOf(scope: object & { readonly [SHARED]?: Map<string, NatsLink> }): Map<string, NatsLink> {
  const known = scope[SHARED];
  if (known !== undefined) return known;
  const links = new Map<string, NatsLink>();
  Object.defineProperty(scope, SHARED, { value: links });
  return links;
}
