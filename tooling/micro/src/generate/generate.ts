import { resolve } from "node:path";
import { MicroError } from "@micro/core";
import type { Int64Form } from "@micro/core/message";
import { type ImportExtension, outputName } from "./imports.ts";
import { loadFiles } from "./load-files.ts";
import { isWellKnown, type Problem, type SourceFile, type WellKnownFile } from "./model.ts";
import { type FileNames, nameDeclarations } from "./names.ts";
import { compareFile, type FileState, writeText } from "./output-file.ts";
import { MARK, printFile } from "./print-file.ts";
import { type FileTypes, resolveTypes } from "./resolve-types.ts";
import { shown } from "./source-paths.ts";

/** What {@link generateFromProto} takes. */
export interface GenerateOptions {
  /** `.proto` files, or folders of them. Relative to `baseDir`, or to an include path. */
  readonly files: readonly string[];
  /** Folder for the generated files, relative to `baseDir`. */
  readonly outDir: string;
  /** What relative paths are relative to. Absolute. */
  readonly baseDir: string;
  /** Folders in which imports are looked for; a file's name is its path in one of them. @default [] */
  readonly include?: readonly string[];
  /** What 64-bit integers are, unless a field says `[jstype = …]`. @default "bigint" */
  readonly int64?: Int64Form;
  /** The service that clients of the contracts look for. @default the package */
  readonly service?: string;
  /** How generated files import each other. @default ".ts" */
  readonly importExtension?: ImportExtension;
  /** `write` changes files, `check` only compares, `text` looks at no output at all. @default "write" */
  readonly mode?: "write" | "check" | "text";
}

/** One generated file. */
export interface GeneratedFile {
  /** Import name of the `.proto` file. */
  readonly proto: string;
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** How it compares with what was there before; `unknown` in mode `text`. */
  readonly state: FileState | "unknown";
}

/** What {@link generateFromProto} gives. */
export interface GenerateResult {
  /** In the order of their names. */
  readonly files: readonly GeneratedFile[];
}

/**
 * Generates TypeScript from `.proto` files: of the named ones, and of those whose types they use. Throws a MicroError
 * `BAD_REQUEST` with one line per problem (`file:line: what`), after looking at all files; then nothing is written.
 */
export async function generateFromProto(options: GenerateOptions): Promise<GenerateResult> {
  const { baseDir, mode = "write" } = options;
  const include = (options.include ?? []).map((dir) => resolve(baseDir, dir));
  const { inputs, problems } = await loadFiles(options.files, { baseDir, include });
  const chosen = chooseFiles(inputs);
  const all = [
    ...problems,
    ...[...chosen].flatMap(([file, { types }]) => [...file.problems, ...types.problems]),
  ];
  const outputs = new Map<string, SourceFile>();
  for (const file of chosen.keys()) {
    const other = outputs.get(outputName(file.name));
    outputs.set(outputName(file.name), file);
    if (other === undefined) continue;
    const text = `its name, ${file.name}, is also that of ${other.shownPath}: name include paths that tell them apart`;
    all.push({ file: file.shownPath, line: undefined, text });
  }
  if (all.length > 0) throw new MicroError({ code: "BAD_REQUEST", detail: problemLines(all).join("\n") });

  const names = new Map<SourceFile, FileNames>();
  const namesOf = (file: SourceFile) => {
    const own = names.get(file) ?? nameDeclarations(file);
    names.set(file, own);
    return own;
  };
  const sorted = [...chosen].sort(([a], [b]) => (a.name < b.name ? -1 : 1));
  const texts = sorted.map(([file, { types, imports }]) => ({
    proto: file.name,
    path: resolve(baseDir, options.outDir, outputName(file.name)),
    text: printFile(file, {
      types,
      namesOf,
      imports,
      int64: options.int64 ?? "bigint",
      extension: options.importExtension ?? ".ts",
      service: options.service,
    }),
  }));
  // Looking at all of them comes first: a file that must not be overwritten keeps the others from being written too.
  const files: GeneratedFile[] = [];
  for (const file of texts) {
    files.push({
      ...file,
      state:
        mode === "text"
          ? "unknown"
          : await compareFile(file, { shownPath: shown(file.path, baseDir), mark: MARK }),
    });
  }
  if (mode === "write") await Promise.all(files.filter(({ state }) => state !== "same").map(writeText));
  return { files };
}

interface Chosen {
  readonly types: FileTypes;
  readonly imports: readonly (SourceFile | WellKnownFile)[];
}

/** The named files and those that their code refers to: an import that is only for annotations needs no code. */
function chooseFiles(inputs: readonly SourceFile[]): ReadonlyMap<SourceFile, Chosen> {
  const chosen = new Map<SourceFile, Chosen>();
  // A file of options alone has nothing that code could use.
  const waiting = inputs.filter(
    (file) => !file.definesOptions || file.types.length > 0 || file.problems.length > 0,
  );
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    if (chosen.has(file)) continue;
    const types = resolveTypes(file);
    const imports = importsOf(file, types);
    chosen.set(file, { types, imports });
    waiting.push(...imports.filter((next): next is SourceFile => !isWellKnown(next)));
  }
  return chosen;
}

function importsOf(file: SourceFile, types: FileTypes): readonly (SourceFile | WellKnownFile)[] {
  const resolved = [
    ...types.fields.values(),
    ...[...types.methods.values()].flatMap(({ input, output }) => [input, output]),
  ];
  const used = new Set(resolved.map((type) => type.file));
  // What is imported without being used may be meant for google.protobuf.Any: it stays, unless it is there for its options.
  const kept = file.imported.flatMap(({ file: next }) =>
    next !== undefined && (used.has(next) || isWellKnown(next) || isForTypes(next)) ? [next] : [],
  );
  return [...new Set([...kept, ...used])].filter((next) => next !== file);
}

function isForTypes(file: SourceFile): boolean {
  // Whoever imports descriptor.proto without naming its types extends its options.
  if (file.name === "google/protobuf/descriptor.proto") return false;
  if (file.isUnreadable) return true;
  return !file.definesOptions && (file.types.length > 0 || file.services.length > 0);
}

const MAX_PROBLEM_LENGTH = 500;

/** One line each, every problem once, in the order of the files and lines. */
function problemLines(problems: readonly Problem[]): readonly string[] {
  const files = [...new Set(problems.map(({ file }) => file))];
  const sorted = problems.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || (a.line ?? 0) - (b.line ?? 0),
  );
  const lines = sorted.map(({ file, line, text }) => {
    // A text that never ends makes one token of half the file.
    const short = text.replace(/\s+/g, " ");
    const cut = short.length > MAX_PROBLEM_LENGTH ? `${short.slice(0, MAX_PROBLEM_LENGTH)} …` : short;
    return `${file}${line === undefined ? "" : `:${line}`}: ${cut}`;
  });
  return [...new Set(lines)];
}
