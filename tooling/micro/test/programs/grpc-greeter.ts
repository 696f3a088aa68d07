import { yargsCli } from "@micro/cli-yargs";
import { jsonCodec } from "@micro/codec-json";
import { protobufCodec } from "@micro/codec-protobuf";
import {
  createService,
  defineContract,
  defineService,
  implement,
  MicroError,
  serverStream,
  unary,
} from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { grpcServer } from "@micro/server-grpc";

// A gRPC service that the tests of the command talk to.

const greeter = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<{ readonly name?: string }, { readonly text: string }>(),
    fail: unary<unknown, unknown>(),
    count: serverStream<{ readonly to: number }, { readonly n: number }>(),
  },
});

const definition = defineService({
  name: "greeter",
  version: "2.0.0",
  handlers: [
    implement(greeter, {
      hello: ({ name = "nobody" }) => ({ text: `Hello ${name}` }),
      fail: () => {
        throw new MicroError({ id: "greeter", code: "NOT_FOUND", detail: "no such name: Bob" });
      },
      async *count({ to }) {
        for (let n = 1; n <= to; n++) yield { n };
      },
    }),
  ],
});

const service = await createService(definition, {
  plugins: [yargsCli, jsonCodec, protobufCodec, fileRegistry, grpcServer],
  configFile: false,
  server: { address: "127.0.0.1:0" },
  hooks: { afterStart: ({ server }) => console.log(`ready ${server.address}`) },
});
await service.run();
