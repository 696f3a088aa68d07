import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { readTextIfPresent, type WorkspacePackage } from "./workspace.ts";

/** One TypeScript block of a markdown file. */
export interface Snippet {
  /** The line of the file at which the code starts, 1-based. */
  readonly line: number;
  readonly code: string;
  /** Why it is only to be read; undefined if it is to be run. */
  readonly notRun: string | undefined;
}

/**
 * Finds the ```ts blocks of a markdown text. A block whose first line is `// not run: <reason>` is not run.
 * Throws for a block that never ends and for a missing reason.
 */
export function findSnippets(markdown: string): readonly Snippet[] {
  const lines = markdown.split(/\r?\n/);
  const snippets: Snippet[] = [];
  for (let index = 0; index < lines.length; index++) {
    const fence = /^( *)(`{3,}|~{3,})\s*(\S*)/.exec(lines[index] ?? "");
    if (fence === null) continue;
    const [, indent = "", marks = "", language] = fence;
    const start = index + 1;
    const isEnd = (line: string) => line.trim().startsWith(marks) && /^[`~]+$/.test(line.trim());
    for (index = start; index < lines.length && !isEnd(lines[index] ?? ""); index++);
    if (index === lines.length) throw new Error(`the code block of line ${start} never ends`);
    if (language !== "ts") continue;
    const body = lines
      .slice(start, index)
      .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line));
    const mark = /^\s*\/\/ not run\b:?(.*)$/.exec(body[0] ?? "");
    const notRun = mark?.[1]?.trim();
    if (notRun === "") throw new Error(`line ${start + 1}: write why: "// not run: <reason>"`);
    snippets.push({ line: start + 1, code: body.join("\n"), notRun });
  }
  return snippets;
}

/**
 * Makes a folder in which a program can import every published package (from its sources) and every library
 * that one of them depends on.
 */
export async function prepareSnippetFolder(
  folder: string,
  workspace: readonly WorkspacePackage[],
): Promise<void> {
  const published = workspace.filter((pkg) => pkg.published);
  const links = new Map<string, string>();
  for (const pkg of published) {
    for (const name of Object.keys(pkg.manifest.dependencies ?? {})) {
      links.set(name, join(pkg.dir, "node_modules", name));
    }
  }
  for (const pkg of published) links.set(pkg.name, pkg.dir);
  for (const [name, target] of links) {
    const link = join(folder, "node_modules", name);
    await mkdir(dirname(link), { recursive: true });
    await symlink(target, link, "dir");
  }
  await writeFile(join(folder, "package.json"), `{ "type": "module" }\n`);
}

/** Writes a snippet so that its lines have the numbers that they have in the markdown file. */
export async function writeSnippet(
  folder: string,
  markdownPath: string,
  { line, code }: Snippet,
): Promise<string> {
  const name = `${markdownPath.replaceAll("/", "_")}-${line}.ts`;
  const file = join(folder, name);
  await writeFile(file, `${"\n".repeat(line - 1)}${code}\nexport {};\n`);
  return file;
}

/** Reads the snippets of a markdown file that may not exist. Throws with the file's name. */
export async function readSnippets(file: string): Promise<readonly Snippet[]> {
  try {
    return findSnippets((await readTextIfPresent(file)) ?? "");
  } catch (cause) {
    throw new Error(`${file}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
  }
}
