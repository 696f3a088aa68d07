export type { Broker, BrokerEvent, BrokerMessage, Subscription } from "./broker.ts";

// ---- for authors of broker plugins ----

export type { BrokerCallOptions, BrokerSubscribeOptions } from "./broker.ts";
export { broker } from "./component.ts";
