import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
} from "@grpc/grpc-js";
import { MessageQueue } from "./message-queue.ts";
import type { Message, Peer, PeerClient, PeerServer } from "./peer.ts";

/** Bare grpc-js with JSON messages: what the two gRPC plugins stand on, by its own public API and with its defaults. */
export const grpcJs: Peer = { name: "grpc-js", startServer, connect };

const write = (message: Message): Buffer => Buffer.from(JSON.stringify(message));
const read = (bytes: Buffer): Message => JSON.parse(bytes.toString()) as Message;
const codec = {
  requestSerialize: write,
  requestDeserialize: read,
  responseSerialize: write,
  responseDeserialize: read,
};
const service = {
  echo: { path: "/bench.Echo/Echo", requestStream: false, responseStream: false, ...codec },
  stream: { path: "/bench.Echo/Stream", requestStream: true, responseStream: true, ...codec },
};

async function startServer(): Promise<PeerServer> {
  const server = new Server();
  const echo: handleUnaryCall<Message, Message> = (call, callback) => callback(null, { ...call.request });
  const stream: handleBidiStreamingCall<Message, Message> = (call) => {
    call.on("data", (message: Message) => {
      // The same regard for a slow reader as the other peers have.
      if (!call.write(message)) {
        call.pause();
        call.once("drain", () => call.resume());
      }
    });
    call.on("end", () => call.end());
    call.on("error", () => call.end());
  };
  server.addService(service, { echo, stream });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound);
      else reject(error);
    });
  });
  return { address: `127.0.0.1:${port}`, close: async () => server.forceShutdown() };
}

async function connect(address: string): Promise<PeerClient> {
  const client = new Client(address, credentials.createInsecure());
  await new Promise<void>((resolve, reject) => {
    client.waitForReady(Date.now() + 5000, (error) => (error === undefined ? resolve() : reject(error)));
  });
  return {
    call: (message) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          service.echo.path,
          write,
          read,
          message,
          { deadline: Date.now() + 5000 },
          (error, reply) => {
            if (error === null && reply !== undefined) resolve(reply);
            else reject(error ?? new Error("no reply"));
          },
        );
      }),
    async openStream() {
      const call = client.makeBidiStreamRequest(service.stream.path, write, read, {});
      const replies = new MessageQueue();
      call.on("data", (message: Message) => replies.push(message));
      call.on("end", () => replies.end());
      call.on("error", (error: Error) => replies.end(error));
      return {
        send(message) {
          if (call.write(message)) return undefined;
          return new Promise((resolve) => call.once("drain", () => resolve()));
        },
        replies,
        close: async () => call.cancel(),
      };
    },
    close: async () => client.close(),
  };
}
