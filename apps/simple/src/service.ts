import { defineService, implement, runService } from "@micro/core";
import { defaults } from "@micro/set-defaults";
import { greeterContract } from "./contract.ts";

const greeter = defineService({
  name: "greeter",
  version: "1.0.0",
  handlers: [
    implement(greeterContract, {
      hello: ({ name }) => ({ message: `Hello ${name}` }),
    }),
  ],
});

await runService(greeter, { plugins: [...defaults] });
