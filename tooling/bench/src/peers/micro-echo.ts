import { bidiStream, defineContract, defineService, implement, unary } from "@micro/core";
import type { Message } from "./peer.ts";

/** The contract of both Micro peers. No schemas: the other peers do not validate either. */
export const echoContract = defineContract({
  name: "Echo",
  service: "bench.echo",
  methods: {
    echo: unary<Message, Message>(),
    stream: bidiStream<Message, Message>(),
  },
});

/** The echo service, the same for the networked and the local peer. */
export const echoService = defineService({
  name: "bench.echo",
  handlers: [
    implement(echoContract, {
      echo: (message) => ({ ...message }),
      async *stream(messages) {
        for await (const message of messages) yield message;
      },
    }),
  ],
});

/** The same with a handler that answers by promise, as Moleculer's and NestJS's do. */
export const asyncEchoService = defineService({
  name: "bench.echo",
  handlers: [
    implement(echoContract, {
      echo: async (message) => ({ ...message }),
      async *stream(messages) {
        for await (const message of messages) yield message;
      },
    }),
  ],
});

/** A service without handlers, whose client calls the other one. */
export const callerService = defineService({ name: "bench.caller" });
