import type { CallOptions, Client } from "@micro/client";
import { healthContract, ServingStatus } from "@micro/grpc";
import { saysNoSuchEndpoint } from "./failure.ts";

/** Asks a gRPC node for the health of its whole server. A node without the health service answers, and is reachable. */
export async function askGrpcHealth(
  client: Client,
  service: string,
  options: CallOptions,
): Promise<readonly [ok: boolean, status: string]> {
  try {
    // An empty name means the whole server. Standard services are written in protobuf, whatever the others speak.
    const { status } = await client
      .of(healthContract, { service })
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
