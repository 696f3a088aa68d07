import { type Client, client } from "@micro/client";
import { rpcClient } from "@micro/client-rpc";
import { definePlugin } from "@micro/core";

/**
 * The `sample` client. The rpc client stands in for it, so that the conformance suite passes from the first minute. Write
 * your wire and hand it to `createClient` of @micro/client: attempts, deadlines, middleware, streams and calls inside
 * the process are the same for every client; a wire carries one call, or one stream, to one node.
 */
export const sampleClient = definePlugin(client, {
  name: "sample",
  config: { ...rpcClient.config },
  needs: rpcClient.needs,
  create: (context) => rpcClient.create(context as never) as Client,
});
