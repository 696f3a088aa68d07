export { grpcServer } from "./grpc-server.ts";
