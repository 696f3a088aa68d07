import type { CommandArguments, CommandContext } from "./context.ts";
import type { YargsOption } from "./yargs.ts";

/** One command, without its code. */
export interface Command {
  /** `call <service> <endpoint> [body]`. */
  readonly usage: string;
  readonly describe: string;
  readonly positionals: Readonly<Record<string, Omit<YargsOption, "alias">>>;
  readonly options: Readonly<Record<string, YargsOption>>;
  readonly examples: readonly (readonly [command: string, text: string])[];
  /** Loads the code: starting is quick because only one command's is. Resolves with the exit code. */
  readonly run: (context: CommandContext, args: CommandArguments) => Promise<number>;
}

const text = (describe: string): YargsOption => ({ type: "string", describe });
const value = (describe: string): Omit<YargsOption, "alias"> => ({ type: "string", describe });
const values = (describe: string): YargsOption => ({ type: "string", describe, array: true, nargs: 1 });

const metadata = values("Metadata of the call or message; may be repeated, e.g. --metadata tenant=a");
const contentType = text("Content type of the messages [default: application/json]");
const address = values("host:port to call, without asking a registry; may be repeated");
const version = text("Only nodes of this version of the service");
const timeout = (fallback: string): YargsOption =>
  text(`Longest time, e.g. 500ms, 5s, 1m30s [default: ${fallback}]`);
const service = value("Name of the service");
const endpoint = value("Endpoint, e.g. Greeter.Hello");

/** Flags that every command has. */
export const COMMON_OPTIONS: Readonly<Record<string, YargsOption>> = {
  output: {
    type: "string",
    alias: "o",
    choices: ["text", "json"],
    default: "text",
    describe: "For people, or JSON for scripts",
  },
  config: text("Configuration file [default: micro.yaml and so on of the working folder]"),
  "interpolate-env": {
    type: "boolean",
    describe: "Replaces $NAME in texts of the file by variables, as a service with interpolateEnv does",
  },
  plugin: values("A package or file that exports plugins; may be repeated"),
};

/** All commands by name, but `generate`, which brings its own. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  services: {
    usage: "services",
    describe: "Lists the services that the registry knows",
    positionals: {},
    options: {
      long: { type: "boolean", alias: "l", describe: "With versions and numbers of nodes" },
      timeout: timeout("5s"),
    },
    examples: [["micro services --registry file --registry_path ./run", "those of a folder"]],
    run: async (...given) => (await import("./commands/services.ts")).services(...given),
  },
  describe: {
    usage: "describe <service>",
    describe: "Shows endpoints with their types, and nodes with their metadata",
    positionals: { service },
    options: { timeout: timeout("5s") },
    examples: [["micro describe greeter --output json", "for a script"]],
    run: async (...given) => (await import("./commands/describe.ts")).describe(...given),
  },
  call: {
    usage: "call <service> <endpoint> [body]",
    describe: "Calls an endpoint and prints the reply",
    positionals: {
      service,
      endpoint,
      body: value("The request: JSON, @file, or - for standard input [default: {}]"),
    },
    options: {
      metadata,
      timeout: timeout("5s"),
      "content-type": contentType,
      address,
      "service-version": version,
      repeat: text("Calls that often, one after the other, and prints how long it took"),
    },
    examples: [
      [`micro call greeter Greeter.Hello '{"name":"Ada"}'`, "one call"],
      ["micro call greeter Greeter.Hello @request.json --timeout 1s", "with a file"],
      ["micro call greeter Greeter.Hello - --address 10.0.0.5:8080", "standard input, to one node"],
    ],
    run: async (...given) => (await import("./commands/call.ts")).call(...given),
  },
  stream: {
    usage: "stream <service> <endpoint> [messages..]",
    describe: "Opens a stream: sends messages, prints replies as they come",
    positionals: {
      service,
      endpoint,
      messages: { type: "string", describe: "JSON or @file each; without any, lines of standard input" },
    },
    options: {
      kind: {
        type: "string",
        choices: ["bidi", "server", "client"],
        describe: "Who sends many [default: what the registry says, else bidi]",
      },
      idle: text(
        "Ends when all is sent and nothing came for so long [default: 1s with nodes of Go's rpc, which do not say the end]",
      ),
      metadata,
      timeout: timeout("none"),
      "content-type": contentType,
      address,
      "service-version": version,
    },
    examples: [
      [`micro stream greeter Greeter.Count '{"to":3}' --kind server`, "one request, many replies"],
      ["tail -f lines.jsonl | micro stream greeter Greeter.Chat", "a line is a request"],
    ],
    run: async (...given) => (await import("./commands/stream.ts")).stream(...given),
  },
  publish: {
    usage: "publish <topic> [message]",
    describe: "Publishes a message",
    positionals: {
      topic: value("Topic"),
      message: value("JSON, @file, or - for standard input [default: {}]"),
    },
    options: { metadata, timeout: timeout("5s"), "content-type": contentType },
    examples: [[`micro publish orders '{"id":7}' --metadata tenant=a`, "to whoever subscribes"]],
    run: async (...given) => (await import("./commands/publish.ts")).publish(...given),
  },
  subscribe: {
    usage: "subscribe <topic>",
    describe: "Prints the messages of a topic until Ctrl-C",
    positionals: { topic: value("Topic") },
    options: {
      queue: text("Shares the messages with other members of this queue"),
      count: text("Ends after so many messages"),
      timeout: timeout("none"),
    },
    examples: [["micro subscribe orders --count 1 --output json", "the next message with its metadata"]],
    run: async (...given) => (await import("./commands/subscribe.ts")).subscribe(...given),
  },
  health: {
    usage: "health [service]",
    describe: "Asks every node of a service, or of all services, whether it answers",
    positionals: { service: value("Name of the service [default: all]") },
    options: { address, timeout: timeout("2s per node") },
    examples: [
      ["micro health greeter", "exit code 5 when a node does not answer"],
      ["micro health --address 10.0.0.5:8080", "one node; gRPC with --client grpc"],
    ],
    run: async (...given) => (await import("./commands/health.ts")).health(...given),
  },
  config: {
    usage: "config <action> [file]",
    describe:
      "Configuration: schema for editors, dump of what is in effect, explain where each value is from",
    positionals: {
      action: { type: "string", choices: ["schema", "dump", "explain"], describe: "What to print" },
      file: value("Configuration file [default: micro.yaml and so on of the working folder]"),
    },
    options: {
      service: text(
        "Module that exports the composition: `plugins`, or `options` as createService takes them",
      ),
      out: text("File to write the schema or the dump to, instead of standard output"),
      schema: text("Schema that editors are to check the dump with: a path or an address"),
    },
    examples: [
      [
        "micro config schema --out micro.schema.json --service ./src/composition.ts",
        "for editors, of a service of yours",
      ],
      ["micro config explain micro.yaml --service ./src/composition.ts", "of a service of yours"],
    ],
    run: async (...given) => (await import("./commands/config.ts")).config(...given),
  },
  new: {
    usage: "new <kind> <name>",
    describe: "Makes a service, a plugin or a component: a package that runs, with tests that pass",
    positionals: {
      kind: { type: "string", choices: ["service", "plugin", "component"], describe: "What to make" },
      name: value("Its name: greeter, broker-mqtt, ledger"),
    },
    options: {
      out: text("Folder to write to; empty or not there [default: the name]"),
      scope: text("npm scope of the package, e.g. @acme"),
    },
    examples: [
      ["micro new service greeter", "with tests, a Dockerfile and a micro.yaml"],
      ["micro new plugin broker-mqtt --scope @acme", "runs the broker's conformance suite at once"],
    ],
    run: async (...given) => (await import("./commands/new.ts")).create(...given),
  },
  wire: {
    usage: "wire <composition>",
    describe: "Writes the wiring of a service as plain code, from what createService would be given",
    positionals: {
      composition: value("Module that exports `definition`, and `options` as createService takes them"),
    },
    options: {
      out: text("File to write [default: wire.gen.ts beside the composition]"),
      check: { type: "boolean", describe: "Writes nothing; exit code 1 if the file would change" },
      "import-extension": {
        type: "string",
        choices: [".ts", ".js", "none"],
        default: ".ts",
        describe: "How the file imports modules of yours",
      },
    },
    examples: [
      ["micro wire src/composition.ts", "writes src/wire.gen.ts"],
      ["micro wire src/composition.ts --check", "in CI"],
    ],
    run: async (...given) => (await import("./wire/command.ts")).runWire(...given),
  },
  flags: {
    usage: "flags",
    describe: "Lists the flags and variables of the components: registry, transport, client, broker …",
    positionals: {},
    options: {},
    examples: [["micro flags --registry file", "those of the file registry"]],
    run: async (...given) => (await import("./commands/flags.ts")).flags(...given),
  },
  completion: {
    usage: "completion <shell>",
    describe: "Prints the completion script of a shell",
    positionals: { shell: { type: "string", choices: ["bash", "zsh", "fish"], describe: "Shell" } },
    options: {},
    examples: [["source <(micro completion bash)", "in ~/.bashrc"]],
    run: async (...given) => (await import("./commands/completion.ts")).completion(...given),
  },
};

/** Every flag of the commands by name, short forms included: whether a value follows. */
export function ownFlags(): ReadonlyMap<string, "switch" | "value"> {
  const flags = new Map<string, "switch" | "value">();
  const all = [COMMON_OPTIONS, ...Object.values(COMMANDS).map(({ options }) => options)];
  for (const [name, option] of all.flatMap((options) => Object.entries(options))) {
    const takes = option.type === "boolean" ? "switch" : "value";
    flags.set(name, takes);
    if (option.alias !== undefined) flags.set(option.alias, takes);
  }
  for (const name of ["help", "h", "version", "v"]) flags.set(name, "switch");
  return flags;
}
