export type {
  AttemptInfo,
  CallOptions,
  CallRequest,
  Client,
  ClientMethod,
  ContractClient,
  PublishOptions,
  StreamRequest,
} from "./client.ts";

// ---- for authors of client plugins ----

export { client } from "./component.ts";
