/** Run by a test as a process of its own; apart from the others, because Node 22 cannot read the syntax. */
import { createService, defineComponent, definePlugin, defineService, type Lifecycle } from "../index.ts";

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const part = defineComponent<Lifecycle>()({ name: "part", description: "Something with a life", config: {} });
const plugin = definePlugin(part, {
  name: "sample",
  create: () => ({ start: () => say("started"), drain: () => say("draining"), stop: () => say("stopped") }),
});

await using service = await createService(defineService({ name: "sample" }), {
  plugins: [plugin],
  configFile: false,
});
await service.start();
if (process.argv[2] === "throws") throw new Error("the body failed");
say(`it is ${service.state}`);
