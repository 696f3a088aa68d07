export { NatsLink } from "./link.ts";
export type { LinkSettings, NatsLinkCounters, NatsMessage, NatsSubscription } from "./link-types.ts";
export { natsError } from "./nats-errors.ts";
export { type NatsOptions, natsOptions } from "./options.ts";
export { type SharedLinkOptions, sharedLink } from "./shared.ts";
export { checkSubject } from "./subjects.ts";
