export { type DerivedContracts, type DeriveOptions, deriveContracts } from "./derive-contracts.ts";
export type { WhenAbsent } from "./derive-messages.ts";

// ---- for tools that write .proto files ----

export { type AssignedNumbers, assignNumbers, type KnownNumbers, type NumberLock } from "./assign-numbers.ts";
export { mergeContracts, type ServiceTypes } from "./merge-contracts.ts";
export type {
  Finding,
  ProtoEnum,
  ProtoField,
  ProtoMessage,
  ProtoMethod,
  ProtoModel,
  ProtoService,
} from "./proto-model.ts";
export { type ProtoOptions, protoOf } from "./proto-of.ts";
