import type { Socket } from "node:net";
import { type Logger, MicroError } from "@micro/core";
import {
  type CallDone,
  CLIENT_ID,
  type Session,
  type TransportMessage,
  tooLarge,
  transportError,
  unavailable,
} from "@micro/transport";
import type { ConnectionWatch } from "./connection.ts";
import type { ReceivedMessage } from "./header-block.ts";
import type { HeaderLines } from "./header-writer.ts";
import type { HttpSettings } from "./settings.ts";

/** What the connections of one transport share. */
export interface TransportContext {
  readonly settings: HttpSettings;
  readonly logger: Logger;
  readonly lines: HeaderLines;
  readonly watch: ConnectionWatch;
}

/** What a dialled session is made of. */
export interface SessionOptions {
  readonly socket: Socket;
  /** As it was dialled: the `Host` of requests (spec 1.1). */
  readonly address: string;
  readonly context: TransportContext;
  /** Called when its connection is closed. */
  readonly onClosed: (session: Session) => void;
}

/** Start line and `Host` of the requests to an address. */
export function requestStart(address: string): string {
  return `POST / HTTP/1.1\r\nHost: ${address}\r\n`;
}

/** A call that waits for its reply; also what its header block is written with. */
export interface PendingCall {
  readonly id: string;
  readonly stream: "";
  readonly done: CallDone;
  /** Position of its first byte in what the connection sends. */
  readonly offset: number;
}

/** Ends a call with what came. */
export function settleCall(call: PendingCall, message: ReceivedMessage, context: TransportContext): void {
  const error = messageError(message, context);
  if (error !== undefined) {
    finish(call, error, context);
    return;
  }
  try {
    call.done(undefined, message);
  } catch (thrown) {
    context.logger.error("the receiver of a reply failed", { error: thrown });
  }
}

/** What is wrong with a message of a server, for the transport; undefined for a reply to hand on. */
export function messageError(message: ReceivedMessage, context: TransportContext): MicroError | undefined {
  if (message.tooLarge > 0) return tooLarge(message.tooLarge, context.settings.maxMessageSize);
  if (message.status !== 200) return statusError(message);
  // Our own servers' transport speaks, not a handler; a Go client reads the same as an error of the call.
  if (message.control !== "refuse" && message.control !== "fail") return undefined;
  const { id, code, detail } = MicroError.parse(message.header.get("micro-error") ?? "the server refused it");
  return new MicroError({ id, code, detail, notSent: message.control === "refuse" });
}

/** Ends a call with an error, saying whether the request can have reached the peer. */
export function failCall(
  call: PendingCall,
  reason: Error,
  { context, handed }: { readonly context: TransportContext; readonly handed: number },
): void {
  const notSent = call.offset >= handed;
  const code = MicroError.is(reason) && reason.code !== "BAD_REQUEST" ? reason.code : "UNAVAILABLE";
  finish(
    call,
    new MicroError({ code, detail: reason.message, id: CLIENT_ID, notSent, cause: reason }),
    context,
  );
}

function finish(call: PendingCall, error: Error, { logger }: TransportContext): void {
  try {
    call.done(error, undefined);
  } catch (thrown) {
    logger.error("the receiver of a failed call failed itself", { error: thrown });
  }
}

/** Anything but 200 is an error of the way, not of the handler: Go's client says it in these words (spec 1.1). */
export function statusError(message: ReceivedMessage): MicroError {
  const text = Buffer.from(message.body.buffer, message.body.byteOffset, Math.min(message.body.length, 1024));
  const detail = `${message.startLine}: ${text.toString("utf8")}`;
  return new MicroError({ code: "INTERNAL", detail, id: CLIENT_ID });
}

/** Why a message cannot be sent while `waiting` bytes wait already; undefined when it can. */
export function refusal(
  message: TransportMessage,
  { settings }: TransportContext,
  { waiting, id }: { readonly waiting: number; readonly id: string },
): MicroError | undefined {
  const { maxMessageSize, maxWriteBuffer } = settings;
  if (message.body.length > maxMessageSize) {
    return tooLarge(message.body.length, maxMessageSize, { notSent: true, id });
  }
  if (waiting + message.body.length <= maxWriteBuffer) return undefined;
  const detail = `the peer does not keep up: more than transport.max_write_buffer, ${maxWriteBuffer} bytes, wait for it`;
  return transportError("RESOURCE_EXHAUSTED", detail, { notSent: true, id });
}

/** Where a session stands that takes nothing new. */
export function notUsable(address: string): MicroError {
  return unavailable(`the session to ${address} takes no new exchanges`, { notSent: true });
}
