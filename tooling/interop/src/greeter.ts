import { setTimeout as sleep } from "node:timers/promises";
import { client } from "@micro/client";
import { Frame, frameSchema } from "@micro/codec";
import {
  bidiStream,
  defineContract,
  defineService,
  implement,
  MicroError,
  type ServiceDefinition,
  type SubscriberBinding,
  serverStream,
  unary,
} from "@micro/core";
import { HealthRequest, Sample, StatsResponse } from "./messages.ts";

/** What {@link greeterContract} and the Go peer take for a greeting. */
export interface HelloRequest {
  readonly name: string;
}

/** What they answer. */
export interface HelloReply {
  readonly msg: string;
  readonly n: number;
}

/** Metadata as a handler saw it. */
export interface Seen {
  readonly metadata: Readonly<Record<string, string>>;
}

/** The endpoints of the matrix, the same as those of `go/peer/greeter.go` and `go/peer/streams.go`. */
export const greeterContract = defineContract({
  name: "Greeter",
  service: "greeter",
  methods: {
    hello: unary<HelloRequest, HelloReply>(),
    fail: unary<HelloRequest, HelloReply>(),
    health: unary({ input: HealthRequest, output: StatsResponse }),
    sample: unary({ input: Sample, output: Sample }),
    bytes: unary<Uint8Array, Uint8Array>(),
    slow: unary<{ readonly ms: number }, { readonly remainingMs: number }>(),
    panic: unary<object, object>(),
    look: unary<object, Seen>(),
    nested: unary<{ readonly service: string; readonly address: string }, Seen>(),
    chat: bidiStream<HelloRequest, HelloReply>(),
    count: serverStream<{ readonly to: number }, { readonly at: number }>(),
    first: bidiStream<HelloRequest, HelloReply>(),
    quiet: bidiStream<HelloRequest, HelloReply>(),
    healths: bidiStream({ input: HealthRequest, output: StatsResponse }),
    /** Of the recorded programs alone. */
    raw: unary({ input: frameSchema, output: frameSchema }),
  },
});

/** What handlers of {@link greeterService} tell while they run. */
export interface Told {
  readonly what: "slow" | "slow cancelled" | "chat ended" | "quiet ended" | "sample" | "hello";
  readonly value?: unknown;
}

/** Collects what handlers tell. */
export class Notes {
  readonly #told: Told[] = [];

  add(what: Told["what"], value?: unknown): void {
    this.#told.push({ what, value });
  }

  /** Forgets what an earlier row left. */
  clear(): void {
    this.#told.length = 0;
  }

  /** The first of these that nobody took yet, and takes it; undefined when there is none. */
  take(what: Told["what"]): Told | undefined {
    const at = this.#told.findIndex((told) => told.what === what);
    return at < 0 ? undefined : this.#told.splice(at, 1)[0];
  }
}

/** The service that Go clients call. */
export function greeterService(
  notes: Notes,
  options: {
    readonly name?: string;
    readonly version?: string;
    readonly subscribers?: readonly SubscriberBinding[];
  } = {},
): ServiceDefinition<readonly [typeof client]> {
  const { name = "greeter", version = "v1", subscribers = [] } = options;
  return defineService({
    name,
    version,
    needs: [client],
    subscribers,
    handlers: ({ client: calls }) => [
      implement(greeterContract, {
        hello({ name: who }) {
          notes.add("hello", who);
          if (who === "err") {
            const detail = "no such name: err <&>";
            throw new MicroError({ id: "go.micro.srv.greeter", code: "NOT_FOUND", detail });
          }
          return { msg: `Hello ${who}`, n: 42 };
        },
        fail({ name: kind }) {
          if (kind === "structured") {
            const detail = "no such name: <&> é\nnext line";
            throw new MicroError({ id: "go.micro.srv.greeter", code: "NOT_FOUND", detail });
          }
          if (kind === "teapot") {
            const detail = "100% teapot";
            throw new MicroError({ id: "go.micro.srv.greeter", code: "UNKNOWN", httpCode: 418, detail });
          }
          throw new Error("plain error");
        },
        health: ({ service }) => (service === "" ? {} : { memory: 5, requests: 2n ** 40n }),
        sample(request) {
          notes.add("sample", request);
          return request;
        },
        bytes: (request) => request,
        raw: ({ bytes }) => new Frame(Buffer.concat([Buffer.from("raw:"), bytes])),
        async slow({ ms }, context) {
          const remainingMs = context.remainingMs();
          notes.add("slow", remainingMs);
          try {
            await sleep(ms, undefined, { signal: context.signal });
          } catch (error) {
            notes.add("slow cancelled");
            throw error;
          }
          return { remainingMs: Number.isFinite(remainingMs) ? Math.round(remainingMs) : -1 };
        },
        panic() {
          // The kind of mistake that ends a Go handler.
          const nothing = undefined as unknown as { readonly oops: { readonly there: object } };
          return nothing.oops.there;
        },
        look: (_, context) => ({ metadata: context.metadata.toJSON() }),
        nested: ({ service, address }) => calls.of(greeterContract, { service, address }).look({}),
        async *chat(requests) {
          try {
            for await (const { name: word } of requests) {
              if (word === "done") return;
              if (word === "err") throw new MicroError({ id: "x", code: "BAD_REQUEST", detail: "bad" });
              yield { msg: `1 ${word}`, n: 1 };
              yield { msg: `2 ${word}`, n: 2 };
            }
            notes.add("chat ended", "EOF");
          } catch (error) {
            notes.add("chat ended", (error as Error).message);
            throw error;
          }
        },
        async *count({ to }) {
          for (let at = 0; at < to; at++) yield { at };
        },
        async *first(requests) {
          yield { msg: "first", n: 0 };
          for await (const { name: word } of requests) {
            yield { msg: `then ${word}`, n: 0 };
            return;
          }
        },
        async *quiet(requests) {
          let read = 0;
          for await (const _ of requests) read++;
          notes.add("quiet ended", read);
          yield* [];
        },
        async *healths(requests) {
          for await (const request of requests) {
            if (request.service === "done") return;
            yield { memory: request.service.length };
          }
        },
      }),
    ],
  });
}
