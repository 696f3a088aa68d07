// oxlint-disable-next-line typescript/triple-slash-reference -- yargs has no types: who compiles from source needs ours
/// <reference path="./yargs-types.d.ts" />
import type { Yargs } from "yargs";
import type { Parser } from "yargs/helpers";

// Loading yargs takes longer than loading core: it is done when a command line is read, not on import.

/** The half that takes a command line apart. */
export async function loadParser(): Promise<typeof Parser> {
  return (await import("yargs/helpers")).Parser;
}

/** The half that writes help: one that reads neither arguments nor variables of the process. */
export async function loadYargs(): Promise<Yargs> {
  const { default: yargs } = await import("yargs");
  return yargs([], process.cwd()).help(false).version(false).exitProcess(false).detectLocale(false);
}
