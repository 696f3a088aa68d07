// A server in a process of its own, which can be frozen: a standard one that answers /lab.Lab/Echo and keeps /lab.Lab/Hold.
import { Server, ServerCredentials } from "@grpc/grpc-js";

const bytes = (value: Buffer): Buffer => value;
const codec = {
  requestSerialize: bytes,
  requestDeserialize: bytes,
  responseSerialize: bytes,
  responseDeserialize: bytes,
};
const server = new Server();
server.addService(
  {
    echo: { path: "/lab.Lab/Echo", requestStream: false, responseStream: false, ...codec },
    hold: { path: "/lab.Lab/Hold", requestStream: true, responseStream: true, ...codec },
  },
  {
    echo: (call: { request: Buffer }, callback: (error: null, reply: Buffer) => void) =>
      callback(null, call.request),
    hold: (call: { write(message: Buffer): void }) => call.write(Buffer.from("{}")),
  },
);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (_error, port) => {
  console.log(`127.0.0.1:${port}`);
});
