import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A program of `program.ts` in a process of its own. */
export interface Child {
  /** Resolves when the program has written `text`; rejects when it ends or 60 s pass before. */
  says(text: string, times?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** How it ended; within 60 s, or it is killed. */
  ended(): Promise<{ code: number | null; signal: NodeJS.Signals | null; stdout: string; stderr: string }>;
}

/** Starts a program; `nodeArguments` go before it. */
export function startProgram(
  name: string,
  {
    args = [],
    nodeArguments = [],
    cwd,
    main = new URL("./program.ts", import.meta.url),
  }: {
    readonly args?: readonly string[];
    readonly nodeArguments?: readonly string[];
    readonly cwd?: string;
    /** @default program.ts beside this file */
    readonly main?: URL;
  } = {},
): Child {
  const child = spawn(
    process.execPath,
    ["--no-warnings=ExperimentalWarning", ...nodeArguments, fileURLToPath(main), name, ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
      ...(cwd === undefined ? {} : { cwd }),
    },
  );
  const closed = once(child, "close");
  let stdout = "";
  let stderr = "";
  let listener = (): void => undefined;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    listener();
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const killer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  closed.then(
    () => clearTimeout(killer),
    () => undefined,
  );
  return {
    async says(text, times = 1) {
      const said = new Promise<void>((resolve) => {
        listener = () => stdout.split(text).length > times && resolve();
        listener();
      });
      const tooLate = closed.then(() => {
        if (stdout.split(text).length <= times)
          throw new Error(`ended without saying '${text}':\n${stdout}\n${stderr}`);
      });
      await Promise.race([said, tooLate]);
    },
    kill: (signal) => void child.kill(signal),
    async ended() {
      const [code, signal] = (await closed) as [number | null, NodeJS.Signals | null];
      return { code, signal, stdout, stderr };
    },
  };
}
