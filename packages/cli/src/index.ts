export type { Cli, UserFlag, UserFlags, UserFlagValues } from "./cli.ts";
export { defineFlags, flag } from "./flags.ts";

// ---- for authors of cli plugins ----

export { type Converted, convert } from "@micro/core";
export { type CollectedValues, type CollectOptions, collectValues } from "./collect.ts";
export { cli } from "./component.ts";
export { type DeclaredFlag, type DeclareOptions, declareFlags, type FlagTarget } from "./declare.ts";
export { nearestFlag } from "./nearest.ts";
export { readUserFlags } from "./user-flags.ts";
