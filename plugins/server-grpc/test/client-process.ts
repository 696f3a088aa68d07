// A client in a process of its own, which can be frozen: opens a stream to the address it is given and keeps it.
import { connect } from "node:http2";

const session = connect(`http://${process.argv[2]}`);
const stream = session.request({
  ":method": "POST",
  ":path": "/lab.Lab/Hold",
  "content-type": "application/grpc+bytes",
  te: "trailers",
});
stream.on("error", () => undefined);
session.on("error", () => undefined);
stream.write(Buffer.from([0, 0, 0, 0, 0]));
