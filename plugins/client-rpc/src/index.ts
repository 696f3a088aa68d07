export { rpcClient } from "./rpc-client.ts";
