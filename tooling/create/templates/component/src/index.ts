export { sample } from "./component.ts";
export { memorySample } from "./memory-sample.ts";
export type { Sample } from "./sample.ts";
