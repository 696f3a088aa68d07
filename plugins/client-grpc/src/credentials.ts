import { isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import { type CallCredentials, ChannelCredentials, credentials } from "@grpc/grpc-js";
import type { DialTarget } from "./target.ts";

type Connector = ReturnType<ChannelCredentials["_createSecureConnector"]>;

/**
 * Credentials that show the connection's socket to its owner: grpc-js ends a connection politely or not at all, and a peer
 * that has frozen, or never spoke, would keep it for ever.
 */
export class OwnedCredentials extends ChannelCredentials {
  readonly #target: DialTarget;
  readonly #onSocket: (socket: Socket) => void;
  readonly #calls: CallCredentials = credentials.createEmpty();

  constructor(target: DialTarget, onSocket: (socket: Socket) => void) {
    super();
    this.#target = target;
    this.#onSocket = onSocket;
  }

  override _isSecure(): boolean {
    return this.#target.tls !== undefined;
  }

  override _equals(other: ChannelCredentials): boolean {
    return other === this;
  }

  override _createSecureConnector(): Connector {
    const { tls, host } = this.#target;
    return {
      connect: async (socket) => {
        this.#onSocket(socket);
        return tls === undefined
          ? { socket, secure: false }
          : { socket: await encrypted(socket, { tls, host }), secure: true };
      },
      waitForReady: () => Promise.resolve(),
      getCallCredentials: () => this.#calls,
      destroy: () => undefined,
    };
  }
}

function encrypted(
  socket: Socket,
  { tls, host }: { readonly tls: ConnectionOptions; readonly host: string },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    // An address is no server name (RFC 6066); Node compares it with the certificate by itself.
    const name = tls.servername === undefined && isIP(host) === 0 ? { servername: host } : {};
    const secure = connect({ host, ...name, ...tls, socket, ALPNProtocols: ["h2"] }, () => {
      if (secure.alpnProtocol === "h2") resolve(secure);
      else secure.destroy(new Error("the server speaks TLS but not HTTP/2 (ALPN h2)"));
    });
    secure.on("error", reject);
    secure.once("close", () => reject(new Error("the connection was closed during the TLS handshake")));
  });
}
