import { defineService, implement, MicroError } from "@micro/core";
import { sampleContract } from "./contract.ts";

/** The service, whatever it runs on: main.ts adds the plugins. */
export const sampleService = defineService({
  name: "sample.service",
  version: "0.1.0",
  handlers: [
    implement(sampleContract, {
      hello: ({ name }) => {
        if (!name)
          throw new MicroError({ id: "sample.service", code: "BAD_REQUEST", detail: "name is empty" });
        return { text: `Hello ${name}` };
      },
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield { n };
      },
    }),
  ],
});
