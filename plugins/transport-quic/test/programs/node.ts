/** A server over quic in a process of its own, which tests kill and freeze. Its first argument is the registry's folder. */
import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { type CallContext, createService, defineService, implement } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { quicTransport } from "../../src/index.ts";
import { desk } from "../contract.ts";

const [path = "", address = "127.0.0.1:0"] = process.argv.slice(2);
const { pid } = process;

async function untilCancelled(what: string, { signal }: CallContext): Promise<never> {
  console.log(`began ${what}`);
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  console.log(`cancelled ${what}`);
  throw signal.reason;
}

const service = await createService(
  defineService({
    name: "desk",
    handlers: () => [
      implement(desk, {
        hello: () => Promise.resolve({ pid }),
        async *count({ to }) {
          for (let id = 0; id < to; id++) yield { id };
        },
        async sum(requests) {
          let total = 0;
          for await (const { id } of requests) total += id;
          return { id: total };
        },
        async *echo(requests) {
          for await (const request of requests) yield request;
        },
        wait: ({ id }, context) => untilCancelled(`wait ${id}`, context),
        async *waitStream({ id }, context) {
          yield { id };
          await untilCancelled(`waitStream ${id}`, context);
        },
      }),
    ],
  }),
  {
    plugins: [jsonCodec, randomSelector, quicTransport, fileRegistry, rpcClient, rpcServer],
    configFile: false,
    registry: { path },
    server: { address },
    transport: { pingTimeout: "1s" },
  },
);
const running = service.run();
await service.start();
console.log(`listens on ${service.server.address}`);
await running;
console.log("ended");
