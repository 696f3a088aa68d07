import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { Client, credentials } from "@grpc/grpc-js";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import { createService, defineService, type HandlerBinding } from "@micro/core";
import { within } from "@micro/core/conformance";
import { frame } from "@micro/grpc/internal";
import { memoryRegistry } from "@micro/registry-memory";
import type { Server } from "@micro/server";
import { grpcServer } from "../src/index.ts";

type Handlers = readonly (HandlerBinding | readonly HandlerBinding[])[];
type Config = NonNullable<Parameters<typeof start>[1]>;

/** A started server. */
export interface World {
  readonly server: Server;
  readonly address: string;
}

function start(handlers: Handlers, server: object) {
  return createService(defineService({ name: "go.micro.srv.dbg", handlers }), {
    plugins: [jsonCodec, protobufCodec, bytesCodec, memoryRegistry, grpcServer],
    server: { address: "127.0.0.1:0", ...server },
  });
}

/** Runs `body` beside a server with these handlers and options. */
export async function withServer(
  handlers: Handlers,
  body: (world: World) => Promise<void>,
  config: Config = {},
): Promise<void> {
  const service = await start(handlers, config);
  await service.start();
  try {
    await body({ server: service.server, address: service.server.address ?? "" });
  } finally {
    await service.stop();
  }
}

/** Runs `body` with a client of bare grpc-js. */
export async function withGrpcJs(address: string, body: (client: Client) => Promise<void>): Promise<void> {
  const client = new Client(address, credentials.createInsecure());
  try {
    await body(client);
  } finally {
    client.close();
  }
}

/** What came back for a raw request. */
export interface RawReply {
  readonly headers: IncomingHttpHeaders;
  readonly data: Buffer;
  /** Undefined when the headers were all. */
  readonly trailers: IncomingHttpHeaders | undefined;
}

/** One request over a connection of its own; `body` are frames. */
export async function raw(
  address: string,
  path: string,
  { headers = {}, body }: { readonly headers?: OutgoingHttpHeaders; readonly body?: Uint8Array } = {},
): Promise<RawReply> {
  const session = connect(`http://${address}`);
  try {
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc+json",
      te: "trailers",
      ...headers,
    });
    const reply = new Promise<RawReply>((resolve, reject) => {
      let head: IncomingHttpHeaders = {};
      let trailers: IncomingHttpHeaders | undefined;
      const chunks: Buffer[] = [];
      stream.on("response", (given) => {
        head = given;
      });
      stream.on("trailers", (given) => {
        trailers = given;
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", reject);
      stream.on("close", () => resolve({ headers: head, data: Buffer.concat(chunks), trailers }));
      session.on("error", reject);
    });
    stream.end(body ?? frame(Buffer.from("{}")));
    return await within("the reply", reply);
  } finally {
    session.destroy();
  }
}

/** Status and text of a reply, wherever they stand. */
export function statusOf({ headers, trailers }: RawReply): [code: number, text: string] {
  const end = trailers ?? headers;
  return [Number(end["grpc-status"]), decodeURIComponent(String(end["grpc-message"] ?? ""))];
}
