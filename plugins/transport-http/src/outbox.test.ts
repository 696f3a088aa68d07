import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { Outbox } from "./outbox.ts";

test("a socket that its peer has reset is full, so that nobody goes on writing to it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  try {
    await once(server, "listening");
    const peer = connect((server.address() as { readonly port: number }).port, "127.0.0.1");
    const [[socket]] = (await Promise.all([once(server, "connection"), once(peer, "connect")])) as [
      [Socket],
      [],
    ];
    const errors: Error[] = [];
    socket.on("error", (error) => errors.push(error));
    const closed = new Promise((resolve) => socket.on("close", resolve));
    const outbox = new Outbox(socket, () => undefined);
    const body = new Uint8Array(64 * 1024);
    // Resets at once; this process reads of it only in another turn.
    peer.resetAndDestroy();
    let written = 0;
    while (!outbox.full && written < 1000) {
      outbox.message("HTTP/1.1 200 OK\r\n", true, body);
      written++;
    }
    expect(errors).toEqual([]);
    expect(written).toBeLessThan(1000);
    await closed;
    expect(errors).toHaveLength(1);
  } finally {
    server.close();
  }
});
