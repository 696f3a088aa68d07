import { defineComponent, option } from "@micro/core";
import type { Cli, UserFlag, UserFlags } from "./cli.ts";
import { flag } from "./flags.ts";

const isStrings = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === "string");
const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;
const isFlags = (value: unknown): value is UserFlags =>
  isObject(value) &&
  Object.values(value).every((one: Partial<UserFlag> | null) => Object.hasOwn(flag, one?.kind ?? ""));

/** The cli component: configuration from flags and environment variables. */
export const cli = defineComponent<Cli>()({
  name: "cli",
  description: "Flags and environment variables",
  config: {
    argPrefix: option.string({ description: "Put before each flag and variable, with '_'", default: "" }),
    noFlags: option.boolean({ description: "Reads neither flags nor variables", default: false }),
    argv: option.value<readonly string[]>(isStrings, {
      description: "Arguments, without node and the script. The process's when not set",
      expects: "a list of texts",
    }),
    env: option.value<Readonly<Record<string, string | undefined>>>(
      (value): value is Record<string, string | undefined> => isObject(value),
      {
        description: "Environment variables. The process's when not set",
        expects: "a map of texts",
      },
    ),
    flags: option.value(isFlags, {
      description: "Flags of the application, from defineFlags",
      expects: "what defineFlags returns",
    }),
  },
  defaultPlugin: "yargs",
  phase: "config",
});
