import { MicroError } from "@micro/core";
import { expect, test, vi } from "vitest";
import { Attempts } from "./attempts.ts";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { RetryBudget } from "./retry-budget.ts";

/** Pauses before the second, third and fourth attempt of an idempotent call that fails everywhere with `error`. */
function pauses(error: MicroError): readonly (number | undefined)[] {
  const context: Pick<ClientContext, "config" | "budget"> = {
    config: { poolRetries: 3 } as ClientContext["config"],
    budget: new RetryBudget(10),
  };
  const call: Pick<ClientCall, "deadline" | "idempotent" | "options" | "reason"> = {
    deadline: Infinity,
    idempotent: true,
    options: undefined,
    reason: undefined,
  };
  const attempts = new Attempts(context as ClientContext, call as ClientCall);
  return ["a", "b", "c", "d"].map((node) => attempts.retryAfter(error, node, "unreachable"));
}

test("a retry waits for a random part of a pause that doubles, and there are no more than the call has", () => {
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  try {
    const failed = new MicroError({ code: "UNAVAILABLE", detail: "gone" });
    expect(pauses(failed)).toEqual([5, 10, 20, undefined]);
    // What no node has seen goes to the next one without a pause.
    const unsent = new MicroError({ code: "UNAVAILABLE", detail: "refused", notSent: true });
    expect(pauses(unsent)).toEqual([0, 10, 20, undefined]);
  } finally {
    random.mockRestore();
  }
});
