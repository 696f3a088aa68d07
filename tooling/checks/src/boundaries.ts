import { readFile } from "node:fs/promises";
import { join, relative, resolve, sep } from "node:path";
import { checkCycles, checkDependencies } from "./dependency-rules.ts";
import { findUndocumentedExports } from "./doc-comments.ts";
import { checkImport, checkLibraryOwners, type ImportFact, importFact, isTestFile } from "./import-rules.ts";
import { findImports } from "./imports.ts";
import { checkManifest, checkSolution } from "./manifest-rules.ts";
import { formatViolations, type Violation } from "./violation.ts";
import {
  listFiles,
  type Manifest,
  readTextIfPresent,
  readWorkspace,
  repositoryRoot,
  type WorkspacePackage,
} from "./workspace.ts";

/** What a look at the whole workspace found. */
export interface BoundaryReport {
  readonly packages: number;
  readonly files: number;
  readonly violations: readonly Violation[];
}

/** Checks package boundaries, and of everything published the manifest and that exports are documented. */
export async function checkBoundaries(root: string): Promise<BoundaryReport> {
  const workspace = await readWorkspace(root);
  const packages = new Map(workspace.map((pkg) => [pkg.name, pkg]));
  const rootManifest = JSON.parse((await readTextIfPresent(join(root, "package.json"))) ?? "{}") as Manifest;
  const rootDependencies = new Set(Object.keys(rootManifest.devDependencies ?? {}));
  const pathOf = (file: string) => relative(root, file).split(sep).join("/");

  const violations: Violation[] = [];
  const facts: ImportFact[] = [];
  let files = 0;
  for (const pkg of workspace) {
    const sources = await sourcesOf(pkg);
    files += sources.length;
    const own: ImportFact[] = [];
    for (const file of sources) {
      const text = await readFile(file, "utf8");
      own.push(...findImports(file, text).map((site) => importFact(pkg, file, site)));
      if (!pkg.published || isTestFile(pkg, file)) continue;
      for (const { name, line } of findUndocumentedExports(file, text)) {
        violations.push({
          file: pathOf(file),
          line,
          message: `export ${name} has no doc comment: write one`,
        });
      }
    }
    for (const fact of own) {
      const message = checkImport(fact, { packages, rootDependencies });
      if (message !== undefined) violations.push({ file: pathOf(fact.file), line: fact.line, message });
    }
    violations.push(...checkDependencies(pkg, own, packages));
    if (pkg.published) violations.push(...(await checkManifest(pkg)));
    facts.push(...own);
  }
  for (const [fact, message] of checkLibraryOwners(facts)) {
    violations.push({ file: pathOf(fact.file), line: fact.line, message });
  }
  violations.push(...checkCycles(packages), ...(await checkSolution(root, workspace)));
  return { packages: workspace.length, files, violations };
}

/** Everything that runs here; the packed fixture runs elsewhere, from installed packages. */
async function sourcesOf(pkg: WorkspacePackage): Promise<readonly string[]> {
  const files = await listFiles(pkg.dir);
  const fixtures = join(pkg.dir, "fixture") + sep;
  return files.filter((file) => /\.[cm]?[jt]sx?$/.test(file) && !file.startsWith(fixtures));
}

if (import.meta.main) {
  const root = resolve(process.argv[2] ?? repositoryRoot);
  const { packages, files, violations } = await checkBoundaries(root);
  if (violations.length > 0) {
    console.error(formatViolations(violations));
    console.error(`boundaries: ${violations.length} violations in ${packages} packages`);
    process.exitCode = 1;
  } else {
    console.log(
      `boundaries: ${packages} packages, ${files} files, every import, manifest and doc comment as it should be`,
    );
  }
}
