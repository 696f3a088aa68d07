import { MicroError } from "@micro/core";

/** What {@link unencodable} says. */
export interface UnencodableOptions {
  /** What the content type carries: `text only`. */
  readonly carries: string;
  /** What to do: `return a string`. */
  readonly hint: string;
  readonly cause?: unknown;
}

/** The `INTERNAL` error of a codec for a value that its content type cannot carry. */
export function unencodable(contentType: string, value: unknown, options: UnencodableOptions): MicroError {
  return new MicroError({
    code: "INTERNAL",
    detail: `${contentType} carries ${options.carries}, not ${kindOf(value)}: ${options.hint}`,
    ...(options.cause === undefined ? {} : { cause: options.cause }),
  });
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return `a ${typeof value}`;
  const name: unknown = value.constructor?.name;
  return typeof name === "string" && name !== "" ? `a value of class ${name}` : "an object";
}
