import { setTimeout as sleep } from "node:timers/promises";
import { httpBroker } from "@micro/broker-http";
import { yargsCli } from "@micro/cli-yargs";
import { rpcClient } from "@micro/client-rpc";
import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { textCodec } from "@micro/codec-text";
import {
  bidiStream,
  createService,
  defineContract,
  defineService,
  handle,
  implement,
  MicroError,
  serverStream,
  subscribe,
  unary,
} from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { mdnsRegistry } from "@micro/registry-mdns";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";
import * as v from "valibot";

// A service that the tests of the command talk to; its registry is chosen by flags.

const HelloRequest = v.object({
  name: v.optional(v.string(), "nobody"),
  tags: v.optional(v.array(v.string())),
});
const HelloReply = v.object({ text: v.string(), tenant: v.optional(v.string()) });

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary({ input: HelloRequest, output: HelloReply, idempotent: true, description: "Says hello." }),
    echo: unary<unknown, unknown>(),
    fail: unary<unknown, unknown>(),
    slow: unary<unknown, unknown>(),
    count: serverStream<{ readonly to: number }, { readonly n: number }>(),
    chat: bidiStream<{ readonly say: string }, { readonly heard: string }>(),
    quiet: bidiStream<{ readonly say: string }, { readonly heard: string }>(),
    endless: serverStream<unknown, { readonly n: number }>(),
  },
});

const definition = defineService({
  name: "greeter",
  version: "1.2.3",
  handlers: [
    implement(greeter, {
      hello: ({ name }, { metadata }) => {
        const tenant = metadata.get("tenant");
        return { text: `Hello ${name}`, ...(tenant === undefined ? {} : { tenant }) };
      },
      echo: (message) => message,
      fail: () => {
        throw new MicroError({ id: "greeter", code: "NOT_FOUND", detail: "no such name: Bob" });
      },
      slow: async (_message, { signal }) => {
        await sleep(60_000, undefined, { signal });
        return {};
      },
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield { n };
      },
      async *chat(messages) {
        for await (const { say } of messages) yield { heard: say };
        yield { heard: "end" };
      },
      async *quiet(messages, { signal }) {
        for await (const { say } of messages) yield { heard: say };
        await sleep(60_000, undefined, { signal });
      },
      async *endless(_message, { signal }) {
        for (let n = 1; !signal.aborted; n++) {
          yield { n };
          await sleep(1);
        }
      },
    }),
    // In place of the server's own.
    ...(process.env.HEALTH === undefined
      ? []
      : handle("Debug.Health", () => {
          if (process.env.HEALTH !== "none") return { status: process.env.HEALTH };
          // Go Micro's health handler is optional (spec 7.7).
          throw new MicroError({ id: "greeter", code: "UNKNOWN", detail: "rpc: can't find service Debug" });
        })),
  ],
  subscribers: [
    subscribe("greeted", (message: unknown, { metadata }) => {
      console.log(`greeted ${JSON.stringify(message)} tenant=${metadata.get("tenant") ?? ""}`);
    }),
  ],
});

const service = await createService(definition, {
  plugins: [
    yargsCli,
    jsonCodec,
    bytesCodec,
    textCodec,
    fileRegistry,
    mdnsRegistry,
    randomSelector,
    httpTransport,
    httpBroker,
    rpcClient,
    rpcServer,
  ],
  configFile: false,
  server: { address: "127.0.0.1:0" },
  broker: { addresses: ["127.0.0.1:0"] },
  hooks: { afterStart: ({ server }) => console.log(`ready ${server.address}`) },
});
await service.run();
