import "reflect-metadata";
import type { AddressInfo, Server } from "node:net";
import { Controller, Module } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ClientTCP, MessagePattern, type MicroserviceOptions, Transport } from "@nestjs/microservices";
import { lastValueFrom } from "rxjs";
import type { Message, Peer, PeerClient, PeerServer } from "./peer.ts";
import { splitAddress } from "./sockets.ts";

/** NestJS microservices over its TCP transport, as its guide sets it up. It has no bidirectional streams. */
export const nestTcp: Peer = { name: "nest-tcp", startServer, connect };

class EchoController {
  async echo(message: Message): Promise<Message> {
    return { ...message };
  }
}
class EchoModule {}

// Decorators applied by hand: the sources run by type stripping, which has no decorator syntax.
const echoMethod = Object.getOwnPropertyDescriptor(EchoController.prototype, "echo") as PropertyDescriptor;
MessagePattern("echo")(EchoController.prototype, "echo", echoMethod);
Controller()(EchoController);
Module({ controllers: [EchoController] })(EchoModule);

async function startServer(): Promise<PeerServer> {
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(EchoModule, {
    transport: Transport.TCP,
    options: { host: "127.0.0.1", port: 0 },
    logger: ["error"],
  });
  await app.listen();
  const { port } = app.unwrap<Server>().address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, close: () => app.close() };
}

async function connect(address: string): Promise<PeerClient> {
  const client = new ClientTCP(splitAddress(address));
  await client.connect();
  return {
    call: (message) => lastValueFrom(client.send<Message, Message>("echo", message)),
    close: async () => client.close(),
  };
}
