import { expect, test } from "vitest";
import { findUndocumentedExports } from "./doc-comments.ts";

const namesOf = (...lines: readonly string[]) =>
  findUndocumentedExports("a.ts", lines.join("\n")).map(({ name, line }) => `${line} ${name}`);

test.each([
  "export const a = 1;",
  "export function a(): void {}",
  "export async function a(): Promise<void> {}",
  "export class a extends Error {}",
  "export interface a<T> extends Array<T> {}",
  "export type a<T> = T;",
  "export declare const a: number;",
  "export abstract class a {}",
])("finds %j without a comment, and not with one", (declaration) => {
  expect(namesOf(declaration)).toEqual(["1 a"]);
  expect(namesOf("/** Is documented. */", declaration)).toEqual([]);
});

test("only a doc comment counts, and only right before the declaration", () => {
  expect(namesOf("// a remark", "export const a = 1;")).toEqual(["2 a"]);
  expect(namesOf("/** */", "export const a = 1;")).toEqual(["2 a"]);
  expect(namesOf("/** Of b. */", "const b = 1;", "export const a = b;")).toEqual(["3 a"]);
  expect(namesOf("/** Of a. */", "// linter: be quiet, for a reason", "export const a = 1;")).toEqual([]);
});

test("re-exports and later overloads need none", () => {
  expect(namesOf(`export { a } from "./a.ts";`, `export type { B } from "./b.ts";`)).toEqual([]);
  const overloads = [
    "export function a(x: 1): 1;",
    "export function a(x: 2): 2;",
    "export function a(x: 1 | 2) {",
    "  return x;",
    "}",
  ];
  expect(namesOf("/** Of a. */", ...overloads)).toEqual([]);
});
