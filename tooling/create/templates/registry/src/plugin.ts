import { definePlugin } from "@micro/core";
import { registry } from "@micro/registry";
import { SampleClient } from "./sample-client.ts";
import { SampleRegistry } from "./sample-registry.ts";

/** Services of this process see each other, until there is a real server. */
const client = new SampleClient();

/** The `sample` registry: discovery of services. */
export const sampleRegistry = definePlugin(registry, {
  name: "sample",
  // Options of this plugin, beside those of every registry: `option.duration({ description, default })` and so on.
  config: {},
  create: () => new SampleRegistry(client),
});
