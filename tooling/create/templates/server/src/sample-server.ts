import { definePlugin } from "@micro/core";
import { type Server, server } from "@micro/server";
import { rpcServer } from "@micro/server-rpc";

/**
 * The `sample` server. The rpc server stands in for it, so that the conformance suite passes from the first minute. Write
 * your wire and hand it to `createServer` of @micro/server: registration, dispatch, limits, draining and subscriptions are
 * the same for every server; a wire listens, and turns what comes into calls and streams.
 */
export const sampleServer = definePlugin(server, {
  name: "sample",
  config: { ...rpcServer.config },
  needs: rpcServer.needs,
  optional: rpcServer.optional,
  create: (context) => rpcServer.create(context as never) as Server,
});
