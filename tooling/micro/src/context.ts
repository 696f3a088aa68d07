import type { Readable } from "node:stream";
import type { Choices } from "./compose/choices.ts";
import type { PluginSearch } from "./compose/find-plugin.ts";
import type { Output } from "./output.ts";

/** What every command is given beside its own arguments. */
export interface CommandContext {
  readonly output: Output;
  readonly stdin: Readable;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Aborts when the command is told to end. */
  readonly signal: AbortSignal;
  /** Texts of component flags by name. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  /** The component flags as they were typed. */
  readonly typedFlags: readonly string[];
  readonly choices: Choices;
  readonly search: PluginSearch;
}

/** The arguments of a command as its parser read them. */
export type CommandArguments = Readonly<Record<string, unknown>>;
