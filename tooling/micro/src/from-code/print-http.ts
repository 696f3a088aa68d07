import type { HttpRule } from "@micro/core";
import { quoted } from "./quoted.ts";

/** Declares the option that {@link printHttpRules} writes. */
export const ANNOTATIONS_FILE = "google/api/annotations.proto";

/** Methods of HTTP that a rule has a field for; any other one is a custom kind. */
const VERBS: ReadonlySet<string> = new Set(["get", "put", "post", "delete", "patch"]);

/** The lines of `option (google.api.http)`: the first rule, and the others as its additional bindings. */
export function printHttpRules(rules: readonly HttpRule[], indent: string): readonly string[] {
  const [first, ...others] = rules;
  if (first === undefined) return [];
  return [
    `${indent}option (google.api.http) = {`,
    ...fields(first).map((field) => `${indent}  ${field}`),
    ...others.map((rule) => `${indent}  additional_bindings { ${fields(rule).join(" ")} }`),
    `${indent}};`,
  ];
}

function fields({ method, path, body, responseBody }: HttpRule): readonly string[] {
  const verb = method.toLowerCase();
  return [
    VERBS.has(verb) ? `${verb}: ${quoted(path)}` : `custom { kind: ${quoted(method)} path: ${quoted(path)} }`,
    ...(body === undefined ? [] : [`body: ${quoted(body)}`]),
    ...(responseBody === undefined ? [] : [`response_body: ${quoted(responseBody)}`]),
  ];
}
