import { parseSync, Visitor } from "oxc-parser";

/** One place where a file names another module. */
export interface ImportSite {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
}

/**
 * Finds every module that a source file names: imports and re-exports (of values and types), `import("x")` as
 * an expression and as a type, and `require("x")`. Names computed at run time are not seen. Throws on a
 * syntax error.
 */
export function findImports(fileName: string, text: string): readonly ImportSite[] {
  const { program, module, errors } = parseSync(fileName, text);
  const first = errors.find((error) => error.severity === "Error");
  if (first !== undefined) throw new Error(`${fileName}: ${first.message}`);

  const sites = new Map<number, string>();
  for (const { moduleRequest } of module.staticImports) sites.set(moduleRequest.start, moduleRequest.value);
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest } of entries) {
      if (moduleRequest !== null) sites.set(moduleRequest.start, moduleRequest.value);
    }
  }
  new Visitor({
    ImportExpression({ source }) {
      if (source.type === "Literal" && typeof source.value === "string")
        sites.set(source.start, source.value);
    },
    TSImportType({ source }) {
      sites.set(source.start, source.value);
    },
    CallExpression({ callee, arguments: [argument] }) {
      const isRequire = callee.type === "Identifier" && callee.name === "require";
      if (isRequire && argument?.type === "Literal" && typeof argument.value === "string") {
        sites.set(argument.start, argument.value);
      }
    },
  }).visit(program);

  return [...sites]
    .sort(([a], [b]) => a - b)
    .map(([offset, specifier]) => ({ specifier, line: lineAt(text, offset) }));
}

/** The 1-based line of an offset. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1))
    line++;
  return line;
}

/** The package that a bare specifier belongs to and what is asked of it: `["@micro/core", "./internal"]`. */
export function splitSpecifier(specifier: string): readonly [packageName: string, subpath: string] {
  const parts = specifier.split("/");
  const length = specifier.startsWith("@") ? 2 : 1;
  const rest = parts.slice(length).join("/");
  return [parts.slice(0, length).join("/"), rest === "" ? "." : `./${rest}`];
}
