import { WIDTH } from "./width.ts";

/** What a doc comment is made of. */
export interface DocComment {
  readonly comment?: string | undefined;
  readonly deprecated?: boolean;
}

/** A comment of a `.proto` file as lines of a JSDoc comment; none for an empty one. */
export function docLines({ comment, deprecated = false }: DocComment, indent = ""): readonly string[] {
  const lines = textLines(comment);
  if (deprecated && !lines.some((line) => line.includes("@deprecated"))) lines.push("@deprecated");
  if (lines.length === 0) return [];
  const [first = ""] = lines;
  if (lines.length === 1 && indent.length + first.length + 7 <= WIDTH) return [`${indent}/** ${first} */`];
  const body = lines.map((line) => `${indent} *${line === "" ? "" : ` ${line}`}`);
  return [`${indent}/**`, ...body, `${indent} */`];
}

/** Descriptions are for lists and help texts: longer ones stay in the comments. */
const MAX_DESCRIPTION = 120;

/** The first sentence of a comment where it is short enough to be shown at run time. */
export function descriptionOf(comment: string | undefined): string | undefined {
  const lines = textLines(comment).map((line) => line.trim());
  const end = lines.indexOf("");
  const paragraph = (end < 0 ? lines : lines.slice(0, end)).join(" ");
  const sentence = /^.*?(?<!\b(?:e\.g|i\.e|etc|vs))[.!?](?=\s|$)/.exec(paragraph)?.[0] ?? paragraph;
  return sentence === "" || sentence.length > MAX_DESCRIPTION ? undefined : sentence;
}

/** Without what linters of APIs wrote into comments, trailing spaces, and empty lines around. */
function textLines(comment: string | undefined): string[] {
  const text = (comment ?? "").replace(/\(--[\s\S]*?--\)/g, "").replaceAll("*/", "*\\/");
  const lines = text.split(/\r?\n/).map((line) => line.replaceAll("\t", "  ").trimEnd());
  while (lines[0] === "") lines.shift();
  while (lines.at(-1) === "") lines.pop();
  return lines.filter((line, index) => line !== "" || lines[index - 1] !== "");
}
