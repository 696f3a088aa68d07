import { connect } from "node:net";

/** The first bytes that somebody who connects, and says `hello`, gets; or the code of the error. */
export function greeting(address: string, hello = ""): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  return new Promise((resolve) => {
    const socket = connect(Number(port), host, () => socket.write(hello));
    socket.once("data", (bytes) => {
      resolve(bytes.toString());
      socket.destroy();
    });
    socket.once("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? "error"));
  });
}
