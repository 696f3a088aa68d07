import type { CallKind, StandardSchema } from "@micro/core";
import type { LocalWay } from "./local-way.ts";
import type { TargetRequest } from "./network.ts";

/** What is the same for all calls of one method; made once per method. */
export interface CallShape {
  readonly kind: CallKind;
  readonly service: string;
  readonly endpoint: string;
  readonly idempotent: boolean;
  /** What the contract says of requests and replies; codecs are given it. */
  readonly input: StandardSchema | undefined;
  readonly output: StandardSchema | undefined;
  /** Full name of the contract, `shop.v1.Orders`; undefined without a contract or without its `.proto` file. */
  readonly typeName: string | undefined;
  /** What a selector is asked when the call has no options of its own. */
  readonly target: TargetRequest;
  /** How the last call without options got into a node of this process; looked up again when that has changed. */
  localWay?: LocalWay | undefined;
}
