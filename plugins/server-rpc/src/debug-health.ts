import { defineFile, defineMessage } from "@micro/core/message";
import type { Server } from "@micro/server";

/** What Go Micro's tools ask for (spec 7.7). A handler of this name takes its place. */
export const DEBUG_HEALTH = "Debug.Health";

const file = defineFile({ name: "debug/debug.proto", package: "debug" });
/** Go's reply: one word. */
const HealthResponse = defineMessage<{ status: string }>(file, "HealthResponse", () => ({
  status: { number: 1, type: "string" },
}));

/** How the reply of a service is written. */
export const healthRoute = (service: string) => ({
  service,
  endpoint: DEBUG_HEALTH,
  replySchema: HealthResponse,
});

/**
 * `ok` as in Go, of a node that takes calls; else its state. One that is not as it should be with its registry or broker
 * answers calls all the same.
 */
export function healthReply(state: Server["health"]["state"]): { readonly status: string } {
  return { status: state === "serving" || state === "degraded" ? "ok" : state };
}
