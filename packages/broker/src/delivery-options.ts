import { option } from "@micro/core";
import type { DeliveryFailure } from "./delivery-report.ts";

type Hook = (failure: DeliveryFailure) => void;
const isHook = (value: unknown): value is Hook => typeof value === "function";

/** Options of every broker whose subscriptions have queues in this process; spread them into a plugin's own. */
export const deliveryOptions = {
  maxMessageSize: option.size({
    description: "Largest message, body and header, both ways",
    default: "4MiB",
  }),
  concurrency: option.integer({
    description: "Messages of one subscription that are handled at a time; 1 keeps their order",
    default: 1,
    min: 1,
  }),
  queueSize: option.integer({
    description: "Messages that wait for the handler of one subscription",
    default: 1024,
    min: 1,
  }),
  queueBytes: option.size({
    description: "Bytes that wait for the handler of one subscription",
    default: "16MiB",
  }),
  onHandlerError: option.value<Hook>(isHook, {
    description: "Told of each handler that rejected",
    expects: "a function",
  }),
  onDeliveryFailure: option.value<Hook>(isHook, {
    description: "Told of each copy of a message that a known subscriber did not get",
    expects: "a function",
  }),
} as const;
