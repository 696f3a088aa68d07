import { defineService, implement, runService, type Service } from "@micro/core";
import { clockContract } from "./contract.ts";
import { slim } from "./plugins.ts";

const clock = defineService({
  name: "clock",
  handlers: [
    implement(clockContract, {
      now: () => ({ time: new Date().toISOString() }),
    }),
  ],
});

await runService(clock, {
  plugins: slim,
  hooks: {
    afterStart: ({ server }: Service<typeof slim>) => {
      // Milliseconds since the process began: Node, the imports and the start of the service.
      console.log(`clock listens on ${server.address}, ${Math.round(performance.now())} ms after its start`);
    },
  },
});
