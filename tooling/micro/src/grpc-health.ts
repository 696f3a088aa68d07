import type { CallOptions, Client } from "@micro/client";
import { defineContract, unary } from "@micro/core";
import { defineEnum, defineFile, defineMessage, type EnumValue, type MessageType } from "@micro/core/message";
import { saysNoSuchEndpoint } from "./failure.ts";

const healthFile = defineFile({ name: "grpc/health/v1/health.proto", package: "grpc.health.v1" });

const ServingStatus = defineEnum(healthFile, "HealthCheckResponse.ServingStatus", {
  UNKNOWN: 0,
  SERVING: 1,
  NOT_SERVING: 2,
  SERVICE_UNKNOWN: 3,
});
type ServingStatus = EnumValue<typeof ServingStatus>;

interface HealthCheckRequest {
  service: string;
}
const HealthCheckRequest: MessageType<HealthCheckRequest> = defineMessage(
  healthFile,
  "HealthCheckRequest",
  () => ({
    service: { number: 1, type: "string" },
  }),
);

interface HealthCheckResponse {
  status: ServingStatus;
}
const HealthCheckResponse: MessageType<HealthCheckResponse> = defineMessage(
  healthFile,
  "HealthCheckResponse",
  () => ({
    status: { number: 1, type: ServingStatus },
  }),
);

/** The health service of gRPC, as far as it is asked here. */
const Health = defineContract({
  name: "Health",
  service: "grpc.health.v1",
  file: healthFile,
  methods: { check: unary({ input: HealthCheckRequest, output: HealthCheckResponse, idempotent: true }) },
});

/** Asks a gRPC node for the health of its whole server. A node without the health service answers, and is reachable. */
export async function askGrpcHealth(
  client: Client,
  service: string,
  options: CallOptions,
): Promise<readonly [ok: boolean, status: string]> {
  try {
    // An empty name means the whole server. Standard services are written in protobuf, whatever the others speak.
    const { status } = await client
      .of(Health, { service })
      .check({ service: "" }, { ...options, contentType: "application/protobuf" });
    const name = Object.entries(ServingStatus).find(([, value]) => value === status)?.[0] ?? `${status}`;
    return [status === ServingStatus.SERVING, name.toLowerCase()];
  } catch (error) {
    if (saysNoSuchEndpoint(error) || isUnimplemented(error)) return [true, "reachable"];
    throw error;
  }
}

/** Both codes stand for gRPC's UNIMPLEMENTED (spec 2.2). */
const isUnimplemented = (error: unknown): boolean => {
  const { code, notSent } = error as { readonly code?: unknown; readonly notSent?: unknown };
  return (code === "UNIMPLEMENTED" || code === "METHOD_NOT_ALLOWED") && notSent !== true;
};
