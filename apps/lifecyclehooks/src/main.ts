import { asProgram, createService, defineService, type Hooks, type Service } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { defaults } from "@micro/set-defaults";
import { printedJournal } from "./journal.ts";

const plugins = [...defaults, memoryRegistry, printedJournal] as const;

/** Each point of a service's life takes a function, or a list of them that runs in order. */
const hooks: Hooks<Service<typeof plugins>> = {
  beforeStart: ({ state }) => console.log(`beforeStart: the service is ${state}`),
  afterStart: [
    ({ state }) => console.log(`afterStart 1: the service is ${state}`),
    ({ server }) => console.log(`afterStart 2: its server is ${server.health.state}, stop it with Ctrl-C`),
  ],
  beforeStop: [
    () => {
      console.log("beforeStop 1: fails");
      throw new Error("the farewell mail could not be sent");
    },
    () => console.log("beforeStop 2: runs all the same"),
  ],
  afterStop: ({ server }) => console.log(`afterStop: its server is ${server.health.state}`),
};

await asProgram(async () => {
  const service = await createService(defineService({ name: "lifecyclehooks" }), {
    plugins,
    hooks,
    registry: { plugin: "memory" },
    server: { address: "127.0.0.1:0" },
    logger: { level: "fatal" },
  });
  try {
    await service.run();
  } catch (error) {
    // Everything is stopped by now. Who started the process learns from its exit code that a step failed.
    if (!(error instanceof AggregateError)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
});
