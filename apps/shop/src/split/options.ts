import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { describeTiming, timing } from "../timing.ts";

const measured = timing((done) => console.log(describeTiming(done)));

/** How each service of the shop runs in a process of its own; `--registry=file` where multicast is impossible. */
export const splitOptions = {
  plugins: [...defaults, fileRegistry],
  middleware: { client: [measured], handler: [measured], subscriber: [measured] },
  hooks: {
    afterStart: ({ name }: { readonly name: string }) => console.log(`${name} is ready`),
  },
} as const;
