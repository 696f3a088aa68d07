export { grpcClient } from "./grpc-client.ts";
