import { main } from "./main.ts";

/** {@link main} for the arguments and streams of this process, and its exit code. */
export async function runProcess(): Promise<void> {
  const { stdin, stdout, stderr } = process;
  process.exitCode = await main({ argv: process.argv.slice(2), cwd: process.cwd(), stdin, stdout, stderr });
}
