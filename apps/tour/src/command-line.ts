import { parseArgs } from "node:util";

/** How the tour is to run. */
export interface TourOptions {
  /** Leaves everything running at the end. */
  readonly keep: boolean;
  readonly discovery: "auto" | "file";
}

const USAGE = `usage: npx -y pnpm@12.21.0 start [--keep] [--discovery=file]
  --keep            leaves it running and says how to talk to it
  --discovery=file  through a folder, as on a host without multicast`;

/** What the command line asks for; a text for people, and the exit code with it, when it asks for no tour. */
export function readCommandLine(
  args: readonly string[],
): TourOptions | { readonly text: string; readonly code: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        keep: { type: "boolean", default: false },
        discovery: { type: "string", default: "auto" },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    const { keep, discovery, help } = values;
    if (help) return { text: USAGE, code: 0 };
    if (discovery === "auto" || discovery === "file") return { keep, discovery };
    return { text: `--discovery must be 'file' or 'auto', not '${discovery}'\n${USAGE}`, code: 2 };
  } catch (error) {
    return { text: `${(error as Error).message}\n${USAGE}`, code: 2 };
  }
}
