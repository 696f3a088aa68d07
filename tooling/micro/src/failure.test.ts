import { type Code, MicroError } from "@micro/core";
import { expect, test } from "vitest";
import { callExitCode, exitCodeOf, usageError } from "./failure.ts";

const attempt = { nodeId: "n", address: "a:1", local: false, attempt: 0 };
const error = (id: string, code: Code, detail = "text", notSent = false): MicroError =>
  new MicroError({ id, code, detail, notSent });

test.each([
  ["a handler's own NOT_FOUND is its answer", error("greeter", "NOT_FOUND"), 1, 4],
  ["a handler's own TIMEOUT is its answer", error("greeter", "TIMEOUT"), 1, 4],
  ["no node has the service", error("go.micro.client", "NOT_FOUND", "not found", true), 0, 3],
  ["a Go node does not know the endpoint", error("", "UNKNOWN", "rpc: can't find method Helo"), 1, 3],
  [
    "a gRPC node does not know it",
    error("go.micro.client", "UNIMPLEMENTED", "unknown method Helo for service x"),
    1,
    3,
  ],
  ["nobody could be reached", error("go.micro.client.transport", "UNAVAILABLE", "refused", true), 2, 5],
  ["the connection broke", error("go.micro.client", "UNAVAILABLE", "closed"), 1, 5],
  ["the node is full", error("greeter", "RESOURCE_EXHAUSTED", "full", true), 1, 5],
  ["the time is over", error("go.micro.client", "TIMEOUT"), 1, 6],
  ["the reply cannot be read", error("go.micro.client.codec", "BAD_REQUEST"), 1, 4],
  ["the client is asked for what it cannot do", error("", "BAD_REQUEST", "no codec", true), 1, 2],
] as const)("%s", (_name, thrown, attempts, exitCode) => {
  expect(
    callExitCode(
      thrown,
      Array.from({ length: attempts }, () => attempt),
    ),
  ).toBe(exitCode);
});

test("what is no error of the framework is a defect", () => {
  expect(exitCodeOf(new TypeError("x"))).toBe(1);
  expect(callExitCode(new TypeError("x"), [])).toBe(1);
  expect(exitCodeOf(usageError("x"))).toBe(2);
});
