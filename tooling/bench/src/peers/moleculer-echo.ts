import { Transform } from "node:stream";
import type { Context, ServiceSchema } from "moleculer";
import type { Message } from "./peer.ts";

/** The echo service of both Moleculer peers. */
export const echoService: ServiceSchema = {
  name: "echo",
  actions: {
    echo: async (context: Context<Message>): Promise<Message> => ({ ...context.params }),
    stream: (context: Context): Transform => {
      const echo = new Transform({
        objectMode: true,
        transform: (message, _encoding, done) => done(null, message),
      });
      (context as Context & { stream: NodeJS.ReadableStream }).stream.pipe(echo);
      return echo;
    },
  },
};
