export {
  type Call,
  type CallContext,
  type Caller,
  type CallKind,
  currentCall,
  detached,
  type Invoke,
  type Middleware,
} from "./call.ts";
export { Channel, type ChannelOptions } from "./channel.ts";
export { type ConfigJsonSchemaOptions, configJsonSchema, type JsonSchema } from "./config/json-schema.ts";
export type { Explanation } from "./config/show.ts";
export {
  bidiStream,
  type Contract,
  clientStream,
  type DefineMethod,
  defineContract,
  type HttpRule,
  type MessageMethod,
  type MessageMethodOptions,
  type Method,
  type MethodDetails,
  type MethodKind,
  type MethodOptions,
  type Methods,
  serverStream,
  unary,
  unchecked,
} from "./contract.ts";
export {
  defineService,
  type Handler,
  type HandlerBinding,
  handle,
  type Implementation,
  implement,
  type Provided,
  type ServiceDefinition,
  type SubscribeOptions,
  type SubscriberBinding,
  subscribe,
} from "./definition.ts";
export {
  CODES,
  type Code,
  type CodeRow,
  codeOfGrpc,
  codeOfHttp,
  type ErrorDetail,
  MicroError,
  type MicroErrorJson,
  type MicroErrorOptions,
} from "./errors.ts";
export {
  LOG_LEVELS,
  type LogFields,
  type Logger,
  type LogLevel,
  type LogMessage,
  nullLogger,
} from "./logger.ts";
export { Metadata, type MetadataInit } from "./metadata.ts";
export { createMonolith, type Monolith, type MonolithOptions } from "./monolith.ts";
export { asProgram } from "./program.ts";
export { readConfig, type ServiceConfig } from "./read-config.ts";
export { runService } from "./run-service.ts";
export { createService, type ServiceOptions } from "./service.ts";
export type {
  ComponentSettings,
  Components,
  CompositionOptions,
  Hook,
  Hooks,
  MiddlewareOptions,
  Service,
  ServiceCore,
  ServiceState,
  StopOptions,
} from "./service-types.ts";
export type { StandardIssue, StandardResult, StandardSchema } from "./standard-schema.ts";
export { ExitRequest, StartError } from "./start-error.ts";
export { type DurationUnit, formatDuration, formatSize, parseDuration, parseSize } from "./units.ts";

// ---- for authors of components and plugins ----

export { formatAddress, type HostPort, type Interfaces, parseAddress, reachableAddress } from "./address.ts";
export { compose, runInCall } from "./call.ts";
export { Cancellation } from "./cancellation.ts";
export {
  type AnyComponent,
  type ApiMap,
  type ApiOf,
  type AssembleContext,
  type Component,
  type ComponentOptions,
  type ComponentPhase,
  type ConfigInputOf,
  componentNamed,
  defineComponent,
  type InstanceOf,
  isComponent,
  type NamedInstance,
  type NameOf,
  type Token,
} from "./component.ts";
export { type Converted, convert } from "./config/convert.ts";
export type {
  ConfigField,
  ConfigSource,
  ConfigSourceRequest,
  ConfigSourceResult,
  Origin,
  Problem,
  Setting,
} from "./config/settings.ts";
export { hideCredentials } from "./config/show-value.ts";
export { contractTypeName, endpointName } from "./contract.ts";
export { Deadlines, type Expiring, UNWATCHED } from "./deadlines.ts";
export { DesiredState, type DesiredStateOptions, jittered, pause } from "./desired-state.ts";
export { EventLoopShare } from "./event-loop-share.ts";
export {
  Exchange,
  type LocalCall,
  type LocalEntry,
  type LocalNode,
  type LocalSink,
  PENDING,
  type ReplyMetadataSink,
} from "./exchange.ts";
export { Fifo } from "./fifo.ts";
export { canonicalKey } from "./metadata.ts";
export {
  type Option,
  type OptionDetails,
  type OptionKind,
  type OptionsInput,
  type OptionsOutput,
  type OptionsSchema,
  option,
  snakeCase,
} from "./option.ts";
export { isLogged, logFailure, markLogged } from "./outage.ts";
export {
  type AnyPlugin,
  definePlugin,
  isPlugin,
  type Lifecycle,
  type Plugin,
  type PluginContext,
  type PluginOptions,
  type ServiceMiddleware,
  type ServiceScope,
} from "./plugin.ts";
export { defineProvider, type ProviderOptions } from "./provider.ts";
export { readTlsMaterial, type TlsMaterial, tlsMaterialOptions } from "./tls-material.ts";
