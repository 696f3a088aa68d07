import { setTimeout as sleep } from "node:timers/promises";
import { defineService, implement } from "@micro/core";
import { mirrorContract } from "./contract.ts";

/** Shows its callers how they call. */
export const mirror = defineService({
  name: "mirror",
  version: "1.0.0",
  handlers: [
    implement(mirrorContract, {
      look: (_, { metadata }) => ({ contentType: metadata.get("content-type") }),
      async wait({ ms }, { signal }) {
        await sleep(ms, undefined, { signal });
        return { waited: ms };
      },
    }),
  ],
});
