import type { ClientHttp2Stream, IncomingHttpHeaders } from "node:http2";
import type { StatusObject } from "@grpc/grpc-js";
import type { ChannelCall } from "./grpc-call.ts";

/** The private members of grpc-js's call on a connection that are used here. */
interface InnerCall {
  readonly http2Stream: ClientHttp2Stream;
  readonly finalStatus: StatusObject | null;
  readsClosed: boolean;
  handleTrailers(headers: IncomingHttpHeaders): void;
  maybeOutputStatus(): void;
}

/** The calls that grpc-js puts around it: one for the channel, one that retries, one that balances. */
interface OuterCall {
  readonly child?: {
    readonly committedCallIndex?: number | null;
    readonly underlyingCalls?: readonly { readonly call?: { readonly child?: Partial<InnerCall> } }[];
  };
}

/**
 * Makes grpc-js deliver an error that comes in trailers behind the replies before it. By itself it hands over an error at
 * once, and drops the replies that it has but that nobody has asked for; only the good end keeps its place. So the trailers
 * pass as a good end, and `onHeld` gets the true status, for the caller to put in the place of that end.
 *
 * To be called when the headers of the reply have come, as the call has its connection then. Replies that are not read stay
 * within the flow control of HTTP/2. The version of grpc-js is pinned, and the tests fail with one that is made otherwise.
 */
export function holdError(call: ChannelCall, onHeld: (status: StatusObject) => void): void {
  const inner = innerOf(call);
  if (inner === undefined) return;
  const original = inner.handleTrailers.bind(inner);
  inner.handleTrailers = (headers) => {
    const code = Number(headers["grpc-status"]);
    // Without a number it is no answer of gRPC, and grpc-js has words for that.
    if (!(code > 0)) {
      original(headers);
      return;
    }
    original({ ...headers, "grpc-status": "0" });
    if (inner.finalStatus === null) return;
    onHeld({ ...inner.finalStatus, code });
    // A stream that is reset after its trailers has no end for grpc-js to wait for.
    inner.http2Stream.once("close", () => {
      if (inner.readsClosed) return;
      inner.readsClosed = true;
      inner.maybeOutputStatus();
    });
  };
}

function innerOf(call: ChannelCall): InnerCall | undefined {
  const retrying = (call as OuterCall).child;
  const inner = retrying?.underlyingCalls?.[retrying.committedCallIndex ?? 0]?.call?.child;
  return typeof inner?.handleTrailers === "function" ? (inner as InnerCall) : undefined;
}
