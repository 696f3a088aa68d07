export type { NatsLinkCounters } from "./confirmations.ts";
export { NatsLink } from "./link.ts";
export { natsError } from "./nats-errors.ts";
export { type NatsOptions, natsOptions } from "./options.ts";
export { type SharedLinkOptions, sharedLink } from "./shared.ts";
export { checkSubject } from "./subjects.ts";
export type { NatsMessage, NatsSubscription } from "./subscriptions.ts";
