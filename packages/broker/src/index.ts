export type {
  Broker,
  BrokerCallOptions,
  BrokerCounters,
  BrokerEvent,
  BrokerMessage,
  BrokerSubscribeOptions,
  Subscription,
} from "./broker.ts";
export type { DeliveryFailure } from "./delivery-report.ts";

// ---- for authors of broker plugins ----

export {
  BROKER_ERROR_ID,
  brokerError,
  checkAbort,
  DEFAULT_TIMEOUT_MS,
  endsWithin,
  stoppedError,
} from "./broker-errors.ts";
export { broker } from "./component.ts";
export { deliveryOptions } from "./delivery-options.ts";
export { type DeliveryHooks, DeliveryReport, type DeliveryReportOptions } from "./delivery-report.ts";
export { LiveSubscriptions } from "./live-subscriptions.ts";
export { decodeMessage, encodeMessage, type MessageLimit, maxJsonBytes } from "./message-json.ts";
export { checkQueue, checkSize, checkTopic, copyMessage, messageSize } from "./message-rules.ts";
export {
  type OnDone,
  type Outcome,
  Subscriber,
  SubscriberGroup,
  type SubscriberLimits,
  type SubscriberOptions,
} from "./subscribers.ts";
export { type WorkItem, WorkQueue, type WorkQueueOptions } from "./work-queue.ts";
