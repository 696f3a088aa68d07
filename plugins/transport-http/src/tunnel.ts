import type { Socket } from "node:net";
import type { Code, MicroError } from "@micro/core";
import { notSent } from "@micro/transport";
import type { HttpProxy } from "./proxy.ts";

/** What {@link openTunnel} takes. */
export interface TunnelOptions {
  /** Whom to reach, as it was dialled. */
  readonly address: string;
  readonly proxy: HttpProxy;
  /** Most bytes of the proxy's answer. */
  readonly maxHeaderSize: number;
  readonly signal: AbortSignal;
}

/**
 * Asks the proxy at the other end of `socket` for a tunnel (RFC 9110, 9.3.6; headers of spec 1.1). When it resolves,
 * what is read and written is the target's. Rejects, and destroys the socket, with an error that names the proxy, or with
 * the signal's reason.
 */
export function openTunnel(socket: Socket, options: TunnelOptions): Promise<void> {
  const { address, proxy, maxHeaderSize, signal } = options;
  return new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0);
    const settle = (error?: Error): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("readable", onReadable).off("error", onError).off("close", onClose);
      if (error === undefined) {
        resolve();
        return;
      }
      // What a destroyed socket still says is of no interest.
      socket.on("error", () => undefined).destroy();
      reject(error);
    };
    const onAbort = (): void => settle(signal.reason as Error);
    const onError = (error: Error): void =>
      settle(
        refused("UNAVAILABLE", options, `broke the connection before it answered: ${error.message}`, error),
      );
    const onClose = (): void =>
      settle(refused("UNAVAILABLE", options, "closed the connection before it answered"));
    const onReadable = (): void => {
      for (let chunk = read(socket); chunk !== null; chunk = read(socket)) {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        const size = end === -1 ? head.length : end + 4;
        if (head.length >= PREFIX.length && !head.toString("latin1", 0, PREFIX.length).startsWith(PREFIX)) {
          settle(refused("UNAVAILABLE", options, `answered no HTTP: ${shown(head.toString("latin1"))}`));
          return;
        }
        if (size > maxHeaderSize) {
          const what = `answered more than transport.max_header_size, ${maxHeaderSize} bytes`;
          settle(refused("RESOURCE_EXHAUSTED", options, what));
          return;
        }
        if (end === -1) continue;
        const problem = refusal(head.toString("latin1", 0, end), options);
        // What came behind the answer is the target's.
        if (problem === undefined && head.length > size) socket.unshift(head.subarray(size));
        settle(problem);
        return;
      }
    };
    if (signal.aborted) {
      settle(signal.reason as Error);
      return;
    }
    signal.addEventListener("abort", onAbort, { once: true });
    socket.on("readable", onReadable).on("error", onError).on("close", onClose);
    const authorization =
      proxy.authorization === undefined ? "" : `Proxy-Authorization: ${proxy.authorization}\r\n`;
    socket.write(
      `CONNECT ${address} HTTP/1.1\r\nHost: ${address}\r\nUser-Agent: micro/latest\r\n${authorization}\r\n`,
    );
  });
}

const PREFIX = "HTTP/1.";

const read = (socket: Socket): Buffer | null => socket.read() as Buffer | null;

/** What is wrong with the answer; undefined when the tunnel is there. */
function refusal(head: string, options: TunnelOptions): MicroError | undefined {
  const line = head.slice(0, `${head}\r\n`.indexOf("\r\n"));
  const [, status = ""] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(line) ?? [];
  if (status.startsWith("2")) return undefined;
  if (status === "") return refused("UNAVAILABLE", options, `answered no HTTP: ${shown(line)}`);
  const { authorization, from } = options.proxy;
  if (status === "407") {
    const advice =
      authorization === undefined
        ? `it wants a user and a password: write 'http://user:password@host:port' in ${from}`
        : `it does not take the user and password of ${from}`;
    return refused("UNAUTHORIZED", options, `answered ${shown(line.slice(9))}; ${advice}`);
  }
  const code = status === "403" ? "FORBIDDEN" : "UNAVAILABLE";
  return refused(code, options, `answered ${shown(line.slice(9))}`);
}

function refused(
  code: Code,
  { address, proxy: { name, from } }: TunnelOptions,
  what: string,
  cause?: unknown,
): MicroError {
  return notSent(code, `cannot connect to ${address}: the proxy ${name} (${from}) ${what}`, cause);
}

/** What a stranger wrote, as one short line. */
function shown(text: string): string {
  const line = JSON.stringify(text.slice(0, 80));
  return text.length > 80 ? `${line}…` : line;
}
