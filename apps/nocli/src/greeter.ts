import { defineService, implement } from "@micro/core";
import { greeterContract } from "./contract.ts";

/** The service, which knows nothing of plugins. */
export const greeter = defineService({
  name: "greeter",
  version: "1.0.0",
  handlers: [
    implement(greeterContract, {
      hello: ({ name }) => ({ message: `Hello ${name}` }),
    }),
  ],
});
