/** Small main programs, run by the tests as real processes: `node program.ts <name>`. */
import { createServer } from "node:http";
import {
  asProgram,
  createMonolith,
  createService,
  defineComponent,
  definePlugin,
  defineService,
  ExitRequest,
  type Lifecycle,
  option,
  runService,
} from "../index.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const never = (): Promise<void> => new Promise(() => undefined);

const part = defineComponent<Lifecycle>()({
  name: "part",
  description: "Something with a life",
  config: { mode: option.string({ description: "What it does wrong", default: "" }) },
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
    const server = createServer();
    return {
      start: async ({ signal }) => {
        await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
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
      },
    };
  },
});

const definition = defineService({ name: "sample" });
const ready = { afterStart: () => say("ready") };
const run = (mode = "") => runService(definition, { plugins: [plugin], part: { mode }, hooks: ready });

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
  help: () => asProgram(() => Promise.reject(new ExitRequest("Usage: sample", 0))),
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
