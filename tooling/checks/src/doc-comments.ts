import { type Declaration, parseSync } from "oxc-parser";
import { lineAt } from "./imports.ts";

/** A declaration that users see and nobody explains. */
export interface UndocumentedExport {
  readonly name: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * Finds the exported declarations of a source file that have no doc comment right before them. Re-exports
 * need none. Of the overloads of a function only the first must have one.
 */
export function findUndocumentedExports(fileName: string, text: string): readonly UndocumentedExport[] {
  const { program, comments } = parseSync(fileName, text);
  const found: UndocumentedExport[] = [];
  const seen = new Set<string>();
  for (const statement of program.body) {
    if (statement.type !== "ExportNamedDeclaration" || statement.declaration === null) continue;
    const name = nameOf(statement.declaration);
    if (name === undefined || seen.has(name)) continue;
    seen.add(name);
    const before = comments.findLast((comment) => comment.end <= statement.start && isDocumentation(comment));
    if (before === undefined || !isOnlyComments(text.slice(before.end, statement.start))) {
      found.push({ name, line: lineAt(text, statement.start) });
    }
  }
  return found;
}

function nameOf(declaration: Declaration): string | undefined {
  const named = declaration.type === "VariableDeclaration" ? declaration.declarations[0] : declaration;
  return named !== undefined && "id" in named && named.id?.type === "Identifier" ? named.id.name : undefined;
}

function isDocumentation({ type, value }: { readonly type: string; readonly value: string }): boolean {
  return type === "Block" && value.startsWith("*") && value.replaceAll("*", "").trim() !== "";
}

/** True if between a doc comment and its declaration there are at most instructions to linters. */
function isOnlyComments(between: string): boolean {
  return between.split("\n").every((line) => line.trim() === "" || line.trim().startsWith("//"));
}
