import type { GoPeer } from "./go-peer.ts";

/** What a Go call came to. */
export interface GoAnswer<Body = unknown> {
  readonly ok: boolean;
  readonly body?: Body;
  readonly id?: string;
  readonly code?: number;
  readonly detail?: string;
  readonly status?: string;
  /** The error as Go has it. */
  readonly text?: string;
}

/** Sort of message of a call: JSON as it is, one of the protobuf types, a raw frame (base64), nothing at all. */
export type GoKind = "plain" | "health" | "sample" | "bytes" | "nil";

/** What is called, and how. */
export interface GoCall {
  /** @default "greeter" */
  readonly service?: string;
  readonly endpoint: string;
  /** @default what the registry says */
  readonly address?: string;
  /** @default "application/json" */
  readonly contentType?: string;
  /** @default "plain" */
  readonly kind?: GoKind;
  readonly body?: unknown;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  /** @default 0 */
  readonly retries?: number;
}

/** One step of a stream's script. */
export type GoStep =
  | { readonly send: unknown }
  | { readonly recv: number }
  | { readonly end: true }
  | { readonly close: true }
  | { readonly halfClose: true }
  | { readonly pauseMs: number }
  | { readonly tell: string };

/** What a Go stream came to. */
export interface GoStreamAnswer extends GoAnswer {
  readonly received: readonly unknown[];
  /** `EOF` when the script waited for the end and there was no error. */
  readonly end?: string;
}

/** One call. */
export function goCall<Body = unknown>(peer: GoPeer, call: GoCall): Promise<GoAnswer<Body>> {
  return peer.run<GoAnswer<Body>>({ op: "call", service: "greeter", ...call });
}

/** Many calls, one per body, one after the other unless `parallel`; every second one to `alternate` if that is given. */
export async function goCalls<Body = unknown>(
  peer: GoPeer,
  call: Omit<GoCall, "body"> & {
    readonly bodies: readonly unknown[];
    readonly parallel?: boolean;
    readonly alternate?: string;
  },
): Promise<readonly GoAnswer<Body>[]> {
  const { bodies, ...rest } = call;
  const command = { op: "call", service: "greeter", ...rest, body: bodies, repeat: bodies.length };
  const { answers } = await peer.run<{ readonly answers: readonly GoAnswer<Body>[] }>(command, 30_000);
  return answers;
}

/** A stream that plays a script. */
export function goStream(
  peer: GoPeer,
  { steps, ...call }: GoCall & { readonly steps: readonly GoStep[] },
): Promise<GoStreamAnswer> {
  return peer.run<GoStreamAnswer>({ op: "stream", service: "greeter", ...call, steps });
}
