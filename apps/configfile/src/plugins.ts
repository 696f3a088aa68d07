import { natsBroker } from "@micro/broker-nats";
import { grpcClient } from "@micro/client-grpc";
import { winstonLogger } from "@micro/logger-winston";
import { natsRegistry } from "@micro/registry-nats";
import { grpcServer } from "@micro/server-grpc";
import { defaults } from "@micro/set-defaults";
import { quicTransport } from "@micro/transport-quic";

/** What `defaults.yaml` and `nats.yaml` choose from. */
export const plugins = [
  ...defaults,
  natsBroker,
  natsRegistry,
  winstonLogger,
  grpcClient,
  grpcServer,
  quicTransport,
] as const;
