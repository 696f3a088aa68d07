import type { Call, Deadlines, EventLoopShare, Exchange, Invoke, Logger, ServiceScope } from "@micro/core";
import type { CallOwner } from "./call-parties.ts";
import type { ClientConfig, ClientWire, TargetSelector } from "./network.ts";
import type { RetryBudget } from "./retry-budget.ts";

/** What all calls of one client share. */
export interface ClientContext extends CallOwner {
  readonly scope: ServiceScope;
  /** Where the nodes of this process are found. */
  readonly exchange: Exchange;
  readonly config: ClientConfig;
  readonly selector: TargetSelector;
  readonly preferLocal: boolean;
  readonly wire: ClientWire;
  readonly logger: Logger;
  readonly deadlines: Deadlines;
  readonly budget: RetryBudget;
  /** Of calls that fail: whoever tries again at once, whatever the error is, leaves others their turn. */
  readonly share: EventLoopShare;
  /** Middleware around each attempt; undefined when there is none. */
  readonly attemptChain: Invoke<Call> | undefined;
}
