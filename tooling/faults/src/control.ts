import type { HandlerEvent } from "./probe-service.ts";
import type { StackSettings } from "./stack.ts";

/** What a node's process is told when it starts. */
export interface NodePlan {
  /** Folder of the file registry. */
  readonly folder: string;
  /** @default "probe" */
  readonly service?: string;
  /** Which node it says it is. */
  readonly node: string;
  readonly settings?: StackSettings;
}

/** What a node's handlers have done, and what its process holds. */
export interface NodeReport {
  readonly once: Readonly<Record<string, number>>;
  readonly echoes: number;
  readonly flooded: number;
  readonly sipped: number;
  /** Calls and streams that run. */
  readonly active: number;
  readonly health: { readonly state: string; readonly problems: readonly string[] };
  /** Heap, and what buffers hold beside it. */
  readonly heldBytes: number;
  readonly rssBytes: number;
  readonly sockets: number;
}

/** What a node's process says by itself, or as the answer to a question. */
export type NodeMessage =
  | { readonly type: "ready"; readonly address: string; readonly nodeId: string }
  | { readonly type: "handler"; readonly event: HandlerEvent }
  | { readonly type: "complaint"; readonly text: string }
  | { readonly type: "report"; readonly question: number; readonly report: NodeReport };

/** The one question: what is the state? `collect` asks for a garbage collection first. */
export interface NodeQuestion {
  readonly question: number;
  readonly collect: boolean;
}
