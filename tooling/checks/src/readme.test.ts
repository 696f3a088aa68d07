import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runCommand } from "./run-command.ts";
import { prepareSnippetFolder, readSnippets, type Snippet, writeSnippet } from "./snippets.ts";
import { listFiles, readWorkspace, repositoryRoot } from "./workspace.ts";

const RUN_DEADLINE_MS = 20_000;

const workspace = await readWorkspace();
const published = workspace.filter((pkg) => pkg.published);
const documents = [
  "README.md",
  "CONTRIBUTING.md",
  ...(await listFiles(join(repositoryRoot, "docs")))
    .filter((file) => file.endsWith(".md"))
    .map((file) => file.slice(repositoryRoot.length + 1)),
  ...workspace.filter((pkg) => pkg.kind !== "tooling").map((pkg) => `${pkg.path}/README.md`),
];
const snippets: { readonly document: string; readonly snippet: Snippet }[] = [];
for (const document of documents) {
  for (const snippet of await readSnippets(join(repositoryRoot, document)))
    snippets.push({ document, snippet });
}
const runnable = snippets.filter(({ snippet }) => snippet.notRun === undefined);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "micro-snippets-"));
  await prepareSnippetFolder(folder, workspace);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("every published package shows an example that runs", () => {
  test.each(published.map((pkg) => pkg.path))("%s/README.md", (path) => {
    const own = runnable.filter(({ document }) => document === `${path}/README.md`);
    expect(own.length, `${path}/README.md needs a \`\`\`ts block that runs`).toBeGreaterThan(0);
  });
});

describe("the examples of the documents run", () => {
  for (const { document, snippet } of runnable) {
    test.concurrent(`${document}:${snippet.line}`, { timeout: RUN_DEADLINE_MS + 10_000 }, async () => {
      const file = await writeSnippet(folder, document, snippet);
      const args = ["--conditions=@micro/source", "--disable-warning=ExperimentalWarning", file];
      const { status, stdout, stderr } = await runCommand(process.execPath, args, {
        cwd: folder,
        timeoutMs: RUN_DEADLINE_MS,
      });
      const why = status === "SIGKILL" ? `still running after ${RUN_DEADLINE_MS} ms` : `ended with ${status}`;
      expect(status, `${document}:${snippet.line} ${why}\n${stdout}${stderr}`).toBe(0);
    });
  }
});

test("the examples of the documents compile under the strictest flags", { timeout: 60_000 }, async () => {
  const files = [];
  for (const { document, snippet } of runnable)
    files.push(basename(await writeSnippet(folder, document, snippet)));
  if (files.length === 0) return;
  const config = {
    extends: join(repositoryRoot, "tooling/tsconfig/base.json"),
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      sourceMap: false,
      noEmit: true,
      noUnusedLocals: false,
      typeRoots: [join(repositoryRoot, "node_modules/@types")],
    },
    files,
  };
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(repositoryRoot, "node_modules/.bin/tsc");
  const { status, stdout } = await runCommand(tsc, ["-p", folder], { cwd: folder });
  expect(status, stdout).toBe(0);
});
