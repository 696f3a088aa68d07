import { lineAt } from "./imports.ts";
import type { WorkspacePackage } from "./workspace.ts";

/** One broken rule: where, what is wrong, what to do. */
export interface Violation {
  /** Relative to the repository, with forward slashes. */
  readonly file: string;
  /** 1-based. */
  readonly line: number;
  readonly message: string;
}

/** A violation in a package.json, at the first line that contains `near` (or the first line at all). */
export function manifestViolation(pkg: WorkspacePackage, near: string, message: string): Violation {
  const offset = pkg.manifestText.indexOf(near);
  const line = offset === -1 ? 1 : lineAt(pkg.manifestText, offset);
  return { file: `${pkg.path}/package.json`, line, message };
}

/** `file:line message` lines, sorted by place. */
export function formatViolations(violations: readonly Violation[]): string {
  return [...violations]
    .sort((a, b) => a.file.localeCompare(b.file, "en") || a.line - b.line)
    .map(({ file, line, message }) => `${file}:${line} ${message}`)
    .join("\n");
}
