import { definePlugin } from "@micro/core";
import { type Transport, transport } from "@micro/transport";
import { MemoryNetwork, memoryTransport } from "@micro/transport-memory";
import { SampleTransport } from "./sample-transport.ts";

/** Where all instances of this process meet, until there is a real network. */
const network = new MemoryNetwork();

/** The `sample` transport: sessions that carry messages between services. */
export const sampleTransport = definePlugin(transport, {
  name: "sample",
  // Options of the stand-in: yours come here, as `option.duration({ description, default })` and so on.
  config: { ...memoryTransport.config },
  create: (context) => {
    const standIn = memoryTransport.create({ ...context, config: { ...context.config, network } } as never);
    return new SampleTransport(standIn as Transport);
  },
});
