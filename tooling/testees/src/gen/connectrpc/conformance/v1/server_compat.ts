// Code generated from connectrpc/conformance/v1/server_compat.proto by `micro generate`. DO NOT EDIT.
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";
import { configFile, HTTPVersion, Protocol, TLSCreds } from "./config.ts";

/** `connectrpc/conformance/v1/server_compat.proto`. */
export const serverCompatFile = defineFile({
  name: "connectrpc/conformance/v1/server_compat.proto",
  package: "connectrpc.conformance.v1",
  imports: [configFile],
});

/** The server that is wanted. */
export interface ServerCompatRequest {
  protocol: Protocol;
  httpVersion: HTTPVersion;
  useTls: boolean;
  /** PEM; clients without this certificate shall be refused. */
  clientTlsCert: Uint8Array;
  /** Largest request in bytes. */
  messageReceiveLimit: number;
  /** A certificate that the server may use. */
  serverCreds?: TLSCreds | undefined;
}
export const ServerCompatRequest: MessageType<ServerCompatRequest> = defineMessage(
  serverCompatFile,
  "ServerCompatRequest",
  () => ({
    protocol: { number: 1, type: Protocol },
    httpVersion: { number: 2, type: HTTPVersion },
    useTls: { number: 4, type: "bool" },
    clientTlsCert: { number: 5, type: "bytes" },
    messageReceiveLimit: { number: 6, type: "uint32" },
    serverCreds: { number: 7, type: TLSCreds },
  }),
  { description: "The server that is wanted." },
);

/** Where it is. */
export interface ServerCompatResponse {
  host: string;
  port: number;
  /** What clients shall trust, as PEM. */
  pemCert: Uint8Array;
}
export const ServerCompatResponse: MessageType<ServerCompatResponse> = defineMessage(
  serverCompatFile,
  "ServerCompatResponse",
  () => ({
    host: { number: 1, type: "string" },
    port: { number: 2, type: "uint32" },
    pemCert: { number: 3, type: "bytes" },
  }),
  { description: "Where it is." },
);
