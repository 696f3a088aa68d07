/** Listens with the shortest queue there is; its parent freezes it, and then nobody accepts. */
import net from "node:net";

const server = net.createServer();
server.listen({ port: 0, host: "127.0.0.1", backlog: 1 }, () => {
  process.send?.((server.address() as net.AddressInfo).port);
});
process.on("disconnect", () => process.exit(1));
