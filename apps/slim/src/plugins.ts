import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { mdnsRegistry } from "@micro/registry-mdns";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";

/** Six plugins are a whole service: no flags, no log, no broker, and nothing of them is installed. */
export const slim = [jsonCodec, mdnsRegistry, randomSelector, httpTransport, rpcClient, rpcServer] as const;
