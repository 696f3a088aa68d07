import type { Lifecycle } from "@micro/core";

/** What a server says of itself. */
export interface ServerHealth {
  /** `starting`, `serving` (listens, registered, subscribed), `degraded` (listens, but the registry or broker is not as desired), `draining`, `stopped`. */
  readonly state: "starting" | "serving" | "degraded" | "draining" | "stopped";
  /** What differs from what is desired, in words; empty when serving. */
  readonly problems: readonly string[];
}

/** Runs the handlers and subscribers of a service for others. */
export interface Server extends Lifecycle {
  /** `<service>-<server id>` (spec 3.1). */
  readonly nodeId: string;
  /** `host:port` that was bound; undefined before start. */
  readonly address: string | undefined;
  /** Calls and streams that run now. */
  readonly active: number;
  readonly health: ServerHealth;
}
