import { type Cli, cli } from "@micro/cli";
import { yargsCli } from "@micro/cli-yargs";
import { definePlugin } from "@micro/core";

/**
 * The `sample` cli. yargs stands in for it, so that the conformance suite passes from the first minute. Take the line apart
 * with your parser; `declareFlags`, `collectValues` and `readUserFlags` of @micro/cli are the same for every cli. It
 * writes nothing and never ends the process: help is a text in what it gives back.
 */
export const sampleCli = definePlugin(cli, {
  name: "sample",
  create: (context) => yargsCli.create(context as never) as Cli,
});
