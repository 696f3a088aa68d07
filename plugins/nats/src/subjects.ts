import { natsError } from "./nats-errors.ts";

/** Where a subject is used: a subscription may have the wildcards `*` and `>`. */
export interface SubjectUse {
  readonly wildcards: boolean;
}

/** Throws `BAD_REQUEST` for what NATS would not take, or would take and mean something else by. */
export function checkSubject(subject: string, { wildcards }: SubjectUse): void {
  const tokens = subject.split(".");
  const problem = /[\s\p{Cc}]/u.test(subject)
    ? "has spaces or control characters"
    : tokens.includes("")
      ? "has an empty part between its dots"
      : wildcards
        ? tokens.slice(0, -1).includes(">")
          ? "has '>' before its end"
          : undefined
        : tokens.some((token) => token === "*" || token === ">")
          ? "has a wildcard, which is for subscribers only"
          : undefined;
  if (problem === undefined) return;
  throw natsError(
    "BAD_REQUEST",
    `subject ${JSON.stringify(subject.slice(0, 80))} ${problem}: NATS needs a name such as 'orders.created'`,
  );
}
