import { checkComponentName } from "./names.ts";
import { ScaffoldError } from "./scaffold-error.ts";

/** What can be made. */
export const KINDS = ["service", "plugin", "component"] as const;

/** One of {@link KINDS}. */
export type Kind = (typeof KINDS)[number];

/** Which of our packages the code of a template imports. */
export interface Template {
  /** Folder below templates/. */
  readonly folder: string;
  /** Needed to run: dependencies of a service, peers of a plugin or component. */
  readonly runtime: readonly string[];
  /** Needed by the tests and scripts alone. */
  readonly development: readonly string[];
  /** Needed until the stand-in is replaced. */
  readonly standIn?: readonly string[];
}

const SERVICE: Template = {
  folder: "service",
  runtime: ["@micro/core", "@micro/set-defaults"],
  development: ["@micro/micro", "@micro/registry-memory", "@micro/transport-memory"],
};

const COMPONENT: Template = { folder: "component", runtime: ["@micro/core"], development: [] };

interface PluginNeeds {
  /** Components beside its own. */
  readonly needs?: readonly string[];
  /** Plugins that its tests run with. */
  readonly tests?: readonly string[];
  readonly standIn?: readonly string[];
}

const plugin = (component: string, { needs = [], tests = [], standIn = [] }: PluginNeeds = {}): Template => ({
  folder: component,
  runtime: ours(["core", component, ...needs]),
  development: ours(tests),
  standIn: ours(standIn),
});

const ours = (names: readonly string[]): readonly string[] => names.map((name) => `@micro/${name}`);

/** What a world of the conformance suites of clients and servers is made of. */
const WORLD = ["codec-json", "registry-memory", "transport-memory"];
/** What the plugins of {@link WORLD} and the rpc client and server need: npm installs no peers of peers twice. */
const CONTRACTS = ["codec", "logger", "registry", "selector", "transport"];

/** The components that a plugin can be made for, with what its template needs beside core and the component. */
const PLUGINS: Readonly<Record<string, Template>> = {
  broker: plugin("broker", { needs: ["logger"] }),
  cli: plugin("cli", { standIn: ["cli-yargs"] }),
  client: plugin("client", {
    needs: CONTRACTS,
    tests: [...WORLD, "server", "server-rpc"],
    standIn: ["client-rpc"],
  }),
  codec: plugin("codec"),
  logger: plugin("logger"),
  registry: plugin("registry"),
  selector: plugin("selector", { needs: ["registry"] }),
  server: plugin("server", {
    needs: CONTRACTS.filter((name) => name !== "selector"),
    tests: [...WORLD, "broker", "broker-memory", "client", "client-rpc", "selector"],
    standIn: ["server-rpc"],
  }),
  transport: plugin("transport", { standIn: ["transport-memory"] }),
};

/** What a kind and a name ask for: the template, and the name that is written into it. */
export function templateFor(
  kind: Kind,
  name: string,
): { readonly template: Template; readonly stem: string; readonly component?: string } {
  if (kind === "service") return { template: SERVICE, stem: name };
  if (kind === "component") {
    checkComponentName(name, Object.keys(PLUGINS));
    return { template: COMPONENT, stem: name };
  }
  const dash = name.indexOf("-");
  const component = dash === -1 ? name : name.slice(0, dash);
  const technology = dash === -1 ? "" : name.slice(dash + 1);
  const template = Object.hasOwn(PLUGINS, component) ? PLUGINS[component] : undefined;
  if (template === undefined || technology === "") {
    throw new ScaffoldError(
      `a plugin is named <component>-<technology>, as broker-mqtt; components: ${Object.keys(PLUGINS).join(", ")}`,
    );
  }
  if (template.standIn?.includes(`@micro/${name}`)) {
    throw new ScaffoldError(
      `'${name}' is a plugin of Micro, and the one that stands in for yours until it is written: choose another name`,
    );
  }
  return { template, stem: technology, component };
}
