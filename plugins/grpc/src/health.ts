import { defineContract, serverStream, unary } from "@micro/core";
import { defineEnum, defineFile, defineMessage, type EnumValue, type MessageType } from "@micro/core/message";

/** `grpc/health/v1/health.proto`. */
export const healthFile = defineFile({ name: "grpc/health/v1/health.proto", package: "grpc.health.v1" });

/** What is said of a service. */
export const ServingStatus = defineEnum(healthFile, "HealthCheckResponse.ServingStatus", {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
});
export type ServingStatus = EnumValue<typeof ServingStatus>;

/** The name of a service; empty for the whole server. */
export interface HealthCheckRequest {
  service: string;
}
export const HealthCheckRequest: MessageType<HealthCheckRequest> = defineMessage(
  healthFile,
  "HealthCheckRequest",
  () => ({ service: { number: 1, type: "string" } }),
);

/** How it is. */
export interface HealthCheckResponse {
  status: ServingStatus;
}
export const HealthCheckResponse: MessageType<HealthCheckResponse> = defineMessage(
  healthFile,
  "HealthCheckResponse",
  () => ({ status: { number: 1, type: ServingStatus } }),
);

/** Asks for all services. */
export type HealthListRequest = Record<never, never>;
export const HealthListRequest: MessageType<HealthListRequest> = defineMessage(
  healthFile,
  "HealthListRequest",
  () => ({}),
);

/** All services by their names. */
export interface HealthListResponse {
  statuses: Record<string, HealthCheckResponse>;
}
export const HealthListResponse: MessageType<HealthListResponse> = defineMessage(
  healthFile,
  "HealthListResponse",
  () => ({ statuses: { number: 1, type: HealthCheckResponse, map: "string" } }),
);

/**
 * The standard health service, `grpc.health.v1.Health`, for the clients and servers of Micro. Any gRPC server that has it
 * answers `client.of(healthContract).check({ service: "" }, { address })`.
 */
export const healthContract = defineContract({
  name: "Health",
  service: "grpc.health.v1",
  file: healthFile,
  methods: {
    /** How a service is; `NOT_FOUND` for one that the server does not know. */
    check: unary({ input: HealthCheckRequest, output: HealthCheckResponse }),
    /** All services that the server knows. Servers of older libraries do not have it. */
    list: unary({ input: HealthListRequest, output: HealthListResponse }),
    /** How a service is, at once and after each change. */
    watch: serverStream({ input: HealthCheckRequest, output: HealthCheckResponse }),
  },
});
