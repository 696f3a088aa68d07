/**
 * The multiplexing between two of our own peers. Every frame is a message that Go's framing allows (spec 1.1), so
 * that proxies and tools for one read the other.
 *
 * A server says in its node metadata that it can: {@link MUX_METADATA}. A client that finds this there begins its
 * connection with `hello` and waits for `ready`; whatever else comes back, the peer is treated as Go's.
 *
 * Messages carry `Micro-Id`, a number that the dialling side counts up from 1 on each connection and that the reply
 * repeats. The messages of a stream carry the same number in `Micro-Stream` too. All other frames have `Micro-Mux`
 * and an empty body, and never reach the application (`refuse` and `fail` are errors of the call for Go's clients,
 * which are sent them too):
 *
 * | `Micro-Mux` | by | with | meaning |
 * |---|---|---|---|
 * | `hello` | client | `Micro-Window` | first message: the bytes per stream that the client takes |
 * | `ready` | server | `Micro-Window`, `Micro-Concurrency` | the same of the server; exchanges that may run at once |
 * | `credit` | both | `Micro-Id`, `Micro-Credit` | that many more bytes of this stream are welcome |
 * | `end` | both | `Micro-Id` | no more messages of this stream in this direction |
 * | `stop` | server | `Micro-Id` | the server is done with this stream and reads no more of it |
 * | `cancel` | both | `Micro-Id` | this call or stream is given up, in both directions |
 * | `refuse` | server | `Micro-Id`, `Micro-Error` | this call or stream was not begun, for a reason of the transport |
 * | `fail` | server | `Micro-Id`, `Micro-Error` | it was begun, but its reply or a message of it cannot be carried |
 * | `drain` | server | | take your new exchanges elsewhere; those that run go on |
 * | `ping` | client | | asks for `pong`, when the server has been silent for long |
 * | `pong` | server | | |
 *
 * Flow control: each direction of a stream begins with the window of its reader. A message costs its body and 128
 * bytes (`MESSAGE_COST` of `@micro/transport`); the first message of a stream is free. A sender with credit left may
 * send one message of any size, which can make its credit negative; one without credit waits. The reader gives credit
 * back when the application has taken messages. So a reader that does not read holds at most its window and one
 * message, and nothing but its own stream waits for it.
 */

import { EMPTY, type ReceivedMessage } from "./header-block.ts";
import type { Outbox } from "./outbox.ts";

/** Key of node metadata under which a server says that it can multiplex. */
export const MUX_KEY = "micro-mux";
/** What such a server adds to its node metadata. */
export const MUX_METADATA = { [MUX_KEY]: "1" } as const;

/** Values of `Micro-Mux`. */
export type ControlName =
  | "hello"
  | "ready"
  | "credit"
  | "end"
  | "stop"
  | "cancel"
  | "refuse"
  | "fail"
  | "drain"
  | "ping"
  | "pong";

/** Numbers of a control frame. */
export interface ControlFields {
  readonly id?: string;
  readonly window?: number;
  readonly concurrency?: number;
  readonly credit?: number;
}

/** Writes a control frame after `start`, the connection's start line. */
export function writeControl(
  outbox: Outbox,
  start: string,
  frame: ControlFields & { readonly name: ControlName },
): void {
  let block = `${start}Micro-Mux: ${frame.name}\r\n`;
  if (frame.window !== undefined) block += `Micro-Window: ${frame.window}\r\n`;
  if (frame.concurrency !== undefined) block += `Micro-Concurrency: ${frame.concurrency}\r\n`;
  if (frame.credit !== undefined) block += `Micro-Credit: ${frame.credit}\r\n`;
  if (frame.id !== undefined) block += `Micro-Id: ${frame.id}\r\n`;
  outbox.message(block, true, EMPTY);
}

/** A positive number of a control frame or an id; undefined for anything else. */
export function readNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : undefined;
}

/** The session's number of a message; 0 when it has none, which no exchange has. */
export function readId(message: ReceivedMessage): number {
  const text = message.id;
  if (text === undefined || text.length > 15) return 0;
  let id = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return 0;
    id = id * 10 + digit;
  }
  return id;
}
