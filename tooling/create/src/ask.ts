import { createInterface } from "node:readline/promises";
import type { Readable, Writable } from "node:stream";

/** Asks one question after the other; the answers without blanks around them. An end of input answers with nothing. */
export async function ask(
  questions: readonly string[],
  { stdin, stdout }: { readonly stdin: Readable; readonly stdout: Writable },
): Promise<readonly string[]> {
  const terminal = createInterface({ input: stdin, output: stdout });
  const ended = new AbortController();
  terminal.once("close", () => ended.abort());
  try {
    const answers: string[] = [];
    for (const question of questions) {
      answers.push((await terminal.question(question, { signal: ended.signal })).trim());
    }
    return answers;
  } catch (error) {
    if (!ended.signal.aborted) throw error;
    return questions.map(() => "");
  } finally {
    terminal.close();
  }
}
