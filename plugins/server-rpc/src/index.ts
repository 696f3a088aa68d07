export { rpcServer } from "./rpc-server.ts";
