import { type LocalEntry, type LocalNode, MicroError, PENDING } from "@micro/core";
import { LocalRequest, localNode } from "./attempts.ts";
import type { CallOptions } from "./client.ts";
import type { ClientCall } from "./client-call.ts";
import type { ClientContext } from "./client-context.ts";
import { carriesFrames, isFrame } from "./frames.ts";

/** The way of one method's calls into a node of this process. */
export interface LocalWay {
  readonly node: LocalNode;
  readonly entry: LocalEntry;
  /** Of the exchange, when this was looked up. */
  readonly version: number;
}

/** The way of a call's first attempt, when there is no more to that than entering a node of this process. */
export function localWay(context: ClientContext, call: ClientCall): LocalWay | undefined {
  const { shape } = call;
  const known = shape.localWay;
  // Nothing is particular about most calls: for them nothing more is asked than whether nodes have come or gone.
  if (call.options === undefined && known?.version === context.exchange.version) {
    return isFrame(call.message) ? undefined : known;
  }
  return findLocalWay(context, call);
}

function findLocalWay(context: ClientContext, call: ClientCall): LocalWay | undefined {
  const { shape, options } = call;
  // Whoever wants to know more than the reply goes the longer way.
  if (call.beside !== undefined || carriesFrames(call)) return undefined;
  if (context.attemptChain !== undefined || options?.onAttempt !== undefined) return undefined;
  const anyNode = options === undefined || !isParticular(options);
  const known = shape.localWay;
  const { version } = context.exchange;
  if (anyNode && known?.version === version) return known;
  const node = localNode(context, call, undefined);
  const entry = node?.entry?.(shape.endpoint);
  if (node === undefined || entry === undefined) return undefined;
  const way: LocalWay = { node, entry, version };
  if (anyNode) shape.localWay = way;
  return way;
}

/** True when not every node will do, or somebody wants to know which one it was. */
function isParticular(options: CallOptions): boolean {
  const { address, version, nodeMetadata, key, onAttempt } = options;
  return (address ?? version ?? nodeMetadata ?? key ?? onAttempt) !== undefined;
}

/** The entry of any node of this process; one that offers none of its own is asked by promise. */
export function entryOf(node: LocalNode, endpoint: string): LocalEntry {
  const own = node.entry?.(endpoint);
  if (own !== undefined) return own;
  return (call, message, sink) => {
    node.dispatch(new LocalRequest(call, message)).then(
      (reply) => sink.replied(reply),
      (error: unknown) => sink.failed(MicroError.from(error)),
    );
    return PENDING;
  };
}
