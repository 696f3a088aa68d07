/** Small main programs, run by the tests as real processes: `node program.ts <name>`. */
import { once } from "node:events";
import { createServer } from "node:http";
import { connect } from "node:net";
import { inspect } from "node:util";
import {
  type AnyPlugin,
  asProgram,
  createMonolith,
  createService,
  defineComponent,
  definePlugin,
  defineService,
  ExitRequest,
  type Lifecycle,
  type Logger,
  MicroError,
  nullLogger,
  option,
  parseAddress,
  readTlsMaterial,
  runService,
  tlsMaterialOptions,
} from "../index.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const never = (): Promise<void> => new Promise(() => undefined);

const part = defineComponent<Lifecycle>()({
  name: "part",
  description: "Something with a life",
  config: {
    mode: option.string({ description: "What it does wrong", default: "" }),
    address: option.string({ description: "Where it listens", default: "127.0.0.1:0" }),
    tls: option.object(tlsMaterialOptions, { description: "Its certificate" }),
  },
});

/** Holds the process open, as servers do. */
const plugin = definePlugin(part, {
  name: "sample",
  create: async ({ config, signal }): Promise<Lifecycle> => {
    if (config.mode === "creation hangs") {
      const timer = setInterval(() => undefined, 1000);
      signal.addEventListener("abort", () => clearInterval(timer));
      say("creating");
      await never();
    }
    if (config.mode === "no socket") return {};
    if (config.mode === "fault in create") (config as never as { missing: () => void }).missing();
    await readTlsMaterial(config.tls, "part.tls");
    const server = createServer();
    return {
      start: async ({ signal }) => {
        const { host, port } = parseAddress(config.address);
        server.listen(port, host);
        await once(server, "listening");
        say("started");
        if (config.mode === "start hangs")
          await new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason as Error));
          });
      },
      drain: () => {
        say("draining");
        return config.mode === "drain hangs" ? never() : undefined;
      },
      stop: () => {
        server.close();
        say("stopped");
        if (config.mode === "stop fails") throw new Error("disk full");
        if (config.mode === "stop refused")
          throw new MicroError({ code: "UNAVAILABLE", detail: "the ledger does not answer" });
      },
    };
  },
});

const definition = defineService({ name: "sample" });
const ready = { afterStart: () => say("ready") };
const run = (mode = "") => runService(definition, { plugins: [plugin], part: { mode }, hooks: ready });

/** Writes what is logged at `debug` to standard output. */
const logger = defineComponent<Logger>()({ name: "logger", description: "Log", config: {}, scoped: true });
const printingLogger = definePlugin(logger, {
  name: "printing",
  create: () => ({
    ...nullLogger,
    debug: (message, { error } = {}) =>
      say(`${typeof message === "string" ? message : message()}: ${inspect(error)}`),
  }),
});
/** The part listens on an address that is given, and has a certificate. */
const serve = (address: string, certificate?: string, plugins: readonly AnyPlugin[] = []) =>
  runService(definition, {
    plugins: [plugin, ...plugins],
    part: { address, ...(certificate === undefined ? {} : { tls: { certFile: certificate } }) },
    configFile: false,
  } as never);
const argument = (index: number): string => process.argv[index + 3] ?? "";

const programs: Readonly<Record<string, () => Promise<void>>> = {
  plain: () => run(),
  "start hangs": () => run("start hangs"),
  "creation hangs": () => run("creation hangs"),
  "no socket": () => run("no socket"),
  "drain hangs": () => run("drain hangs"),
  "stop fails": () => run("stop fails"),
  "bad configuration": () => runService(definition, { plugins: [plugin], part: { mod: 1 } } as never),
  "toml file": () => runService(definition, { plugins: [plugin], configFile: process.argv[3] ?? "" }),
  "file search": () => runService(definition, { plugins: [plugin], hooks: ready }),
  serve: () => serve(argument(0)),
  "serve and log": () => serve(argument(0), undefined, [printingLogger]),
  "serve with certificate": () => serve("127.0.0.1:0", argument(0)),
  "serve by file": () => runService(definition, { plugins: [plugin], configFile: argument(0) }),
  "start and stop fail": () =>
    runService(definition, {
      plugins: [plugin],
      part: { address: argument(0), mode: "stop refused" },
      configFile: false,
    }),
  "hook without database": () =>
    runService(definition, {
      plugins: [plugin],
      hooks: { beforeStart: async () => void (await once(connect(parseAddress(argument(0))), "connect")) },
    }),
  "fault in hook": () =>
    runService(definition, {
      plugins: [plugin],
      hooks: { beforeStart: () => (undefined as never as { missing: () => void }).missing() },
    }),
  "fault in create": () => run("fault in create"),
  help: () => asProgram(() => Promise.reject(new ExitRequest("Usage: sample", 0))),
  "call that nobody answers": () =>
    asProgram(() =>
      Promise.reject(new MicroError({ code: "NOT_FOUND", detail: "service greeter: not found" })),
    ),
  "many services": async () => {
    const abort = new AbortController();
    const services = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        createService(defineService({ name: `s${index}` }), {
          plugins: [plugin],
          configFile: false,
          signal: abort.signal,
        }),
      ),
    );
    const running = services.map((service) => service.run());
    await Promise.all(services.map((service) => service.start()));
    say("ready");
    await Promise.all(running);
    say("all ended");
  },
  monolith: async () => {
    const names = ["one", "two"];
    const monolith = await createMonolith(
      names.map((name) => defineService({ name })),
      {
        plugins: [plugin],
        configFile: false,
        part: { mode: process.argv[3] ?? "" },
        hooks: {
          afterStart: ({ name }) => say(`ready ${name}`),
          afterStop: ({ name }) => say(`gone ${name}`),
        },
      },
    );
    await monolith.run();
  },
};

process.on("unhandledRejection", (error) => {
  say(`UNHANDLED ${String(error)}`);
  process.exitCode = 77;
});
await programs[process.argv[2] ?? ""]?.();
