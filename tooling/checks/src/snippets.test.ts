import { expect, test } from "vitest";
import { findSnippets } from "./snippets.ts";

const block = (info: string, ...lines: readonly string[]) => [`\`\`\`${info}`, ...lines, "```"].join("\n");

test("finds the ts blocks with their lines and leaves other languages alone", () => {
  const markdown = [
    "# Title",
    block("sh", "npm i"),
    "",
    block("ts", "a();", "b();"),
    block("ts title=x", "c();"),
  ];
  expect(findSnippets(markdown.join("\n"))).toEqual([
    { line: 7, code: "a();\nb();", notRun: undefined },
    { line: 11, code: "c();", notRun: undefined },
  ]);
});

test("does not take a block inside another block for one", () => {
  expect(findSnippets(["````md", block("ts", "a();"), "````"].join("\n"))).toEqual([]);
});

test("takes the indent of a list away", () => {
  expect(findSnippets("- item\n  ```ts\n  if (a) {\n    b();\n  }\n  ```")).toEqual([
    { line: 3, code: "if (a) {\n  b();\n}", notRun: undefined },
  ]);
});

test("hands back why a block is not run, and insists on a reason", () => {
  const [snippet] = findSnippets(block("ts", "// not run: needs a NATS server", "a();"));
  expect(snippet?.notRun).toBe("needs a NATS server");
  expect(() => findSnippets(block("ts", "// not run", "a();"))).toThrow(
    'line 2: write why: "// not run: <reason>"',
  );
});

test("refuses a block without an end", () => {
  expect(() => findSnippets("text\n```ts\na();")).toThrow("the code block of line 2 never ends");
});
