import { expect, test } from "vitest";
import { eventually, recordingLogger } from "./conformance.ts";
import { DesiredState } from "./desired-state.ts";
import { MicroError } from "./errors.ts";
import { isLogged, logFailure, markLogged } from "./outage.ts";

const away = () => new MicroError({ code: "UNAVAILABLE", detail: "no server" });

test("a failure is one short line, and the whole error at debug", () => {
  const { logger, lines } = recordingLogger("debug");
  const error = away();
  expect(logFailure(logger, "not there", { error, failures: 1 })).toBe(true);
  expect(lines).toEqual([
    ["warn", "not there", { failures: 1, code: "UNAVAILABLE", reason: "no server" }],
    ["debug", "not there", { failures: 1, error }],
  ]);
});

test("of several failures in one the line has all", () => {
  const { logger, lines } = recordingLogger("debug");
  logFailure(logger, "not left", { error: new AggregateError([away(), new Error("stuck")], "two steps") });
  expect(lines[0]?.[2]).toEqual({ code: "INTERNAL", reason: "two steps: no server; stuck" });
});

test("an outage that is in the log is not told again, however it is wrapped", () => {
  const { logger, lines } = recordingLogger("debug");
  const error = new Error("the watch broke off", { cause: markLogged(away()) });
  expect(isLogged(error)).toBe(true);
  expect(isLogged(new Error("another", { cause: away() }))).toBe(false);
  expect(logFailure(logger, "not there", { error })).toBe(false);
  expect(lines).toEqual([["debug", "not there", { error }]]);
});

test("a circle of causes ends", () => {
  const error = new Error("round");
  error.cause = error;
  expect(isLogged(error)).toBe(false);
});

test("desired state tells of a failure once, and not of an outage that is in the log", async () => {
  const { logger, lines } = recordingLogger("debug");
  const failures: (MicroError | undefined)[] = [
    markLogged(away()),
    markLogged(away()),
    new MicroError({ code: "FORBIDDEN", detail: "not you" }),
    new MicroError({ code: "FORBIDDEN", detail: "not you" }),
  ];
  const state = new DesiredState({
    what: "registered",
    firstPauseMs: 1,
    longestPauseMs: 1,
    logger,
    apply: () => {
      const failure = failures.shift();
      return failure === undefined ? Promise.resolve() : Promise.reject(failure);
    },
  });
  await expect(state.start()).rejects.toThrow("no server");
  await eventually(() => expect(state.problem).toBeUndefined());
  await eventually(() => expect(lines.at(-1)?.[0]).toBe("info"));
  await state.stop();
  expect(lines.filter(([level]) => level !== "debug")).toEqual([
    ["warn", "not registered; trying again", { failures: 3, code: "FORBIDDEN", reason: "not you" }],
    ["info", "registered again", { failures: 4 }],
  ]);
});
