import type { Http2Session } from "node:http2";

type Answer = (error: Error | null, durationMs: number, payload: Buffer) => void;

const NOTHING = Buffer.alloc(8);

/**
 * Lets the calls of a connection end that has said goodbye. Node sends no pings on one that is closing, which grpc-js takes
 * for a lost connection: at its next ping it would end all calls that run. How long they may take is up to the drain.
 */
export function keepWhileDraining(session: Http2Session): void {
  const ping = session.ping.bind(session) as (...given: unknown[]) => boolean;
  const answered = (...given: unknown[]): boolean => {
    if (!session.closed || session.destroyed) return ping(...given);
    const answer = given.findLast((one) => typeof one === "function") as Answer | undefined;
    setImmediate(() => answer?.(null, 0, NOTHING));
    return true;
  };
  session.ping = answered;
}
