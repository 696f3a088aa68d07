/** Components of ours: each has plugins in packages `@micro/<component>-<plugin>`. */
const COMPONENTS: ReadonlySet<string> = new Set([
  "broker",
  "cli",
  "client",
  "codec",
  "logger",
  "registry",
  "selector",
  "server",
  "transport",
]);

/** Packages of plugins whose names they do not have: names of Go's, other names, and plugins beside their component. */
const OTHERS: Readonly<Record<string, string>> = {
  "cli-urfave": "cli-yargs",
  "client-mucp": "client-rpc",
  "codec-proto": "codec-protobuf",
  "codec-raw": "codec-bytes",
  "logger-default": "logger-console",
  "logger-logrus": "logger-winston",
  "logger-zap": "logger-winston",
  "selector-…": "selector",
  "selector-leastpending": "selector",
  "selector-random": "selector",
  "selector-roundrobin": "selector",
  "server-mucp": "server-rpc",
};

/** The package that has, or would have, a plugin of a component of ours; undefined for a component of somebody else's. */
export function pluginPackage(component: string, plugin: string): string | undefined {
  if (!COMPONENTS.has(component)) return undefined;
  const name = `${component}-${plugin}`;
  return `@micro/${OTHERS[name] ?? name}`;
}

/** How to get the plugin of that name. */
export function howToGet(component: string, plugin: string): string {
  return install(component, plugin) ?? `list a plugin of '${component}' with that name`;
}

/** How to get any plugin of a component, for example the one that is named. */
export function howToGetAny(component: string, example = "…"): string {
  return install(component, example) ?? `list a plugin that definePlugin(${component}, …) made`;
}

function install(component: string, plugin: string): string | undefined {
  const name = pluginPackage(component, plugin);
  return name === undefined ? undefined : `npm install ${name} and list its plugin`;
}
