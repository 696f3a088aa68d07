export type { Cli, UserFlag, UserFlags, UserFlagValues } from "./cli.ts";
export { defineFlags, flag } from "./flags.ts";

// ---- for authors of cli plugins ----

export { cli } from "./component.ts";
