import { answerParent, ownUsage } from "./control.ts";
import { loadPeer } from "./peers/index.ts";
import type { PeerServer } from "./peers/peer.ts";

let server: PeerServer | undefined;

answerParent(async (request) => {
  switch (request.do) {
    case "serve": {
      const peer = await loadPeer(process.argv[2] ?? "");
      if (peer.startServer === undefined) throw new Error("it is a local peer, which has no server");
      server = await peer.startServer();
      return { address: server.address };
    }
    case "usage":
      return ownUsage();
    case "close":
      await server?.close();
      return null;
    default:
      throw new Error(`a server process cannot ${request.do}`);
  }
});
