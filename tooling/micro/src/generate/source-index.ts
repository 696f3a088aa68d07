import protobuf from "protobufjs";
import type { ImportStatement } from "./model.ts";

/** Where the declarations of a `.proto` text are: the parser's objects know no lines. */
export interface SourceIndex {
  readonly syntax: { readonly value: string; readonly line: number } | undefined;
  readonly edition: { readonly value: string; readonly line: number } | undefined;
  readonly imports: readonly ImportStatement[];
  /** Messages, enums, services, methods, oneofs, fields and enum values, in the order of the text. */
  readonly declarations: readonly Declaration[];
  /** `extend Target { … }`. */
  readonly extends: readonly { readonly target: string; readonly line: number }[];
  /** `extensions 100 to 199;`. */
  readonly extensionRanges: readonly number[];
  readonly groups: readonly { readonly name: string; readonly line: number }[];
}

/** Something with a name in a `.proto` text. */
export interface Declaration {
  /** Without the package: `Outer.Inner.field_name`. */
  readonly path: string;
  readonly line: number;
  readonly isField: boolean;
  /** Of a field or value. */
  readonly number: string | undefined;
  /** The value of `default` as written: the parser rounds 64-bit integers. */
  readonly default: string | undefined;
}

interface Token {
  readonly text: string;
  readonly line: number;
  readonly isString: boolean;
}

type Block = "file" | "message" | "enum" | "service" | "extend" | "other";

interface OpenIndex {
  syntax: SourceIndex["syntax"];
  edition: SourceIndex["edition"];
  readonly imports: ImportStatement[];
  readonly declarations: Declaration[];
  readonly extends: { target: string; line: number }[];
  readonly extensionRanges: number[];
  readonly groups: { name: string; line: number }[];
}

/** Finds the declarations of a text. What is no proper `.proto` gives as much as was understood before. */
export function indexSource(text: string): SourceIndex {
  const index: OpenIndex = {
    syntax: undefined,
    edition: undefined,
    imports: [],
    declarations: [],
    extends: [],
    extensionRanges: [],
    groups: [],
  };
  const tokens = readTokens(text);
  let at = 0;

  function readBlock(kind: Block, scope: string): void {
    let statement: Token[] = [];
    let brackets = 0;
    while (at < tokens.length) {
      const token = tokens[at++] as Token;
      if (token.isString) statement.push(token);
      else if (token.text === "{") {
        if (brackets > 0 || isOptionValue(statement)) skipBraces();
        else {
          readInner(kind, scope, statement);
          statement = [];
        }
      } else if (token.text === "}") return;
      else if (token.text === ";") {
        if (brackets === 0) {
          if (statement.length > 0) readStatement(kind, scope, statement);
          statement = [];
        }
      } else {
        if (token.text === "[") brackets++;
        if (token.text === "]") brackets--;
        statement.push(token);
      }
    }
  }

  function skipBraces(): void {
    for (let depth = 1; depth > 0 && at < tokens.length; at++) {
      const token = tokens[at] as Token;
      if (token.isString) continue;
      if (token.text === "{") depth++;
      if (token.text === "}") depth--;
    }
  }

  /** A statement with a block: the opening brace is read. */
  function readInner(kind: Block, scope: string, statement: readonly Token[]): void {
    const [first, second] = statement;
    const line = first?.line ?? 0;
    const keyword = first?.text ?? "";
    const name = second?.text ?? "";
    const group = statement.findIndex(({ text: word }) => word === "group");
    if (keyword === "message" || keyword === "enum" || keyword === "service") {
      declare(join(scope, name), line);
      readBlock(keyword, join(scope, name));
    } else if (keyword === "oneof") {
      declare(join(scope, name), line);
      readBlock("message", scope);
    } else if (keyword === "extend") {
      index.extends.push({ target: name, line });
      readBlock("extend", scope);
    } else if (keyword === "rpc") {
      declare(join(scope, name), line);
      readBlock("other", scope);
    } else if (group >= 0 && kind !== "other") {
      const groupName = statement[group + 1]?.text ?? "";
      index.groups.push({ name: join(scope, groupName), line });
      readBlock("message", join(scope, groupName));
    } else readBlock("other", scope);
  }

  function readStatement(kind: Block, scope: string, statement: readonly Token[]): void {
    const [first, second, third] = statement as [Token, ...(Token | undefined)[]];
    const { text: keyword, line } = first;
    if (kind === "file") {
      if (keyword === "syntax" && third !== undefined) index.syntax = { value: third.text, line };
      if (keyword === "edition" && third !== undefined) index.edition = { value: third.text, line };
      const name = statement.findLast(({ isString }) => isString)?.text;
      if (keyword === "import" && name !== undefined && second?.text !== "option") {
        index.imports.push({ name, line, isPublic: second?.text === "public" });
      }
    } else if (kind === "service") {
      if (keyword === "rpc" && second !== undefined) declare(join(scope, second.text), line);
    } else if (kind === "message" || kind === "enum") {
      if (keyword === "extensions" && second?.text !== "=") index.extensionRanges.push(line);
      const equals = statement.findIndex(({ text: word }) => word === "=");
      const name = statement[equals - 1]?.text;
      if (name === undefined || (keyword === "option" && equals > 1 && kind === "enum")) return;
      if (keyword === "option" && (second?.text === "(" || equals === 2)) return;
      declare(join(scope, name), line, {
        number: statement[equals + 1]?.text,
        default: defaultOf(statement.slice(equals + 1)),
        isField: kind === "message",
      });
    }
  }

  function declare(path: string, line: number, more: Partial<Declaration> = {}): void {
    index.declarations.push({ path, line, isField: false, number: undefined, default: undefined, ...more });
  }

  readBlock("file", "");
  return index;
}

const OPTIONS =
  /^\.?(google\.protobuf\.)?(File|Message|Field|Oneof|Enum|EnumValue|ExtensionRange|Service|Method)Options$/;

/** True for an `extend` that only adds options for annotations. */
export function isOptionsTarget(target: string): boolean {
  return OPTIONS.test(target);
}

/** `option (my.rule) = {` and `option deprecated = {`: the braces are a value, no block. */
function isOptionValue(statement: readonly Token[]): boolean {
  return statement[0]?.text === "option" && statement.some(({ text }) => text === "=");
}

function defaultOf(options: readonly Token[]): string | undefined {
  const at = options.findIndex(
    ({ text, isString }, index) => !isString && text === "default" && options[index + 1]?.text === "=",
  );
  return at < 0 ? undefined : options[at + 2]?.text;
}

function join(scope: string, name: string): string {
  return scope === "" ? name : `${scope}.${name}`;
}

function readTokens(text: string): Token[] {
  const tokens: Token[] = [];
  try {
    const source = protobuf.tokenize(text, true);
    for (let word = source.next(); word !== null; word = source.next()) {
      const isString = word === '"' || word === "'";
      const value = isString ? source.next() : word;
      if (value === null) break;
      if (isString) source.next();
      tokens.push({ text: value, line: source.line, isString });
    }
  } catch {
    // The parser reads the same text and reports what is wrong with it.
  }
  return tokens;
}
