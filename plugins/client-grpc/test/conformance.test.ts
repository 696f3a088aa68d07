import { clientConformance } from "@micro/client/conformance";
import { serverConformance } from "@micro/server/conformance";
import { describe, test } from "vitest";
import { clientHarness } from "./client-worlds.ts";
import { serverHarness } from "./server-worlds.ts";

describe.each(["grpc", "inside"] as const)("client conformance, %s", (way) => {
  for (const { name, run } of clientConformance(clientHarness(way))) test(name, run);
});

// Here and not beside the server, because a server needs a client to be tried and packages must not need each other.
describe("server conformance", () => {
  for (const { name, run } of serverConformance(serverHarness)) test(name, run);
});
