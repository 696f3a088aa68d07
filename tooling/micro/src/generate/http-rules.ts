import type { HttpRule } from "@micro/core";

const VERBS = ["get", "put", "post", "delete", "patch"] as const;

/** The `google.api.http` rules of a method, additional bindings behind the first one. */
export function httpRulesOf(parsedOptions: readonly unknown[] | null | undefined): readonly HttpRule[] {
  // `option (google.api.http).get = …; option (google.api.http).body = …;` gives one entry each.
  const rule: Record<string, unknown> = {};
  for (const option of parsedOptions ?? []) {
    for (const [name, value] of Object.entries(asObject(option))) {
      if (name.replace(/^\(\.?/, "(") === "(google.api.http)") Object.assign(rule, asObject(value));
    }
  }
  const more = rule.additional_bindings;
  const bindings = more === undefined ? [] : Array.isArray(more) ? (more as readonly unknown[]) : [more];
  return [rule, ...bindings.map(asObject)].flatMap(toRule);
}

function toRule(rule: Readonly<Record<string, unknown>>): HttpRule[] {
  const verb = VERBS.find((name) => typeof rule[name] === "string");
  const custom = asObject(rule.custom);
  const method = verb?.toUpperCase() ?? custom.kind;
  const path = verb === undefined ? custom.path : rule[verb];
  if (typeof method !== "string" || typeof path !== "string") return [];
  return [
    {
      method,
      path,
      ...(typeof rule.body === "string" && { body: rule.body }),
      ...(typeof rule.response_body === "string" && { responseBody: rule.response_body }),
    },
  ];
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}
