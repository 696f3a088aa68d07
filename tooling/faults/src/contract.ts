import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";

/** A call that tells which node ran it. */
export interface Answer {
  readonly node: string;
}

/** A journey over services: each calls the next of `path` with its own remaining time and cancellation. */
export interface Journey {
  readonly id: string;
  /** Services still to be called. */
  readonly path: readonly string[];
  /** Work at each stop, before the next is called. */
  readonly workMs?: number;
  /** The last one waits until it is cancelled. @default false */
  readonly wait?: boolean;
}

/** What the faults are tried on: something of each kind, idempotent or not. */
export const probe = defineContract({
  name: "Probe",
  service: "probe",
  methods: {
    /** Harmless to repeat. Works for `workMs`. */
    echo: unary<{ readonly workMs?: number }, Answer>({ idempotent: true }),
    /** Must never run twice for one id; the node counts. */
    once: unary<{ readonly id: string; readonly workMs?: number }, Answer>(),
    /** Fails with `code`. */
    fail: unary<{ readonly code: "NOT_FOUND" | "UNAVAILABLE" | "INTERNAL" }, Answer>({ idempotent: true }),
    /** Each ends only by cancellation, and tells when it began and when it was cancelled. */
    waitUnary: unary<{ readonly id: string }, Answer>(),
    waitServer: serverStream<{ readonly id: string }, Answer>(),
    waitClient: clientStream<{ readonly id: string }, Answer>(),
    waitBidi: bidiStream<{ readonly id: string }, Answer>(),
    /** Sends messages of `bytes` as fast as the reader lets it, at most `limit`. */
    flood: serverStream<{ readonly bytes: number; readonly limit: number }, { readonly body: string }>(),
    /** Reads one message every `everyMs`, which the first message says. */
    sip: clientStream<{ readonly everyMs: number; readonly body: string }, { readonly read: number }>(),
    /** Remaining times at each stop, the first stop first. */
    travel: unary<Journey, { readonly remainingMs: readonly number[] }>(),
  },
});
