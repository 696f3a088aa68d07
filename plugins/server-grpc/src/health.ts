import { status as codes } from "@grpc/grpc-js";
import { readWireFields, wireText } from "@micro/codec";
import { ServingStatus } from "@micro/grpc";
import type { Server } from "@micro/server";
import type { BuiltInService } from "./built-in.ts";
import { message, numberField, textField } from "./proto-writer.ts";
import type { RawCall, RawHandler } from "./raw-call.ts";

/** What {@link healthService} tells of. */
export interface HealthOptions {
  /** How the server is now. */
  readonly state: () => Server["health"]["state"];
  /** Names that may be asked for, beside the empty one. */
  readonly names: ReadonlySet<string>;
}

/** How soon a watcher hears of a change. */
const LOOK_MS = 100;
const { SERVING, NOT_SERVING, SERVICE_UNKNOWN } = ServingStatus;

/** The standard health service, `grpc.health.v1.Health`: it says what the server says of itself. */
export function healthService({ state, names }: HealthOptions): BuiltInService {
  const statusOf = (name: string): ServingStatus => {
    if (name !== "" && !names.has(name)) return SERVICE_UNKNOWN;
    // A node that is not as it should be with its registry or broker answers calls all the same.
    return state() === "serving" || state() === "degraded" ? SERVING : NOT_SERVING;
  };
  const watchers = new Watchers(statusOf);
  return {
    methods: [
      { path: "/grpc.health.v1.Health/Check", handler: () => check(statusOf) },
      { path: "/grpc.health.v1.Health/List", handler: () => list(statusOf, names) },
      { path: "/grpc.health.v1.Health/Watch", handler: () => watchers.handler() },
    ],
    close: () => watchers.close(),
  };
}

type StatusOf = (name: string) => ServingStatus;

function check(statusOf: StatusOf): RawHandler {
  let name = "";
  return {
    message: (_call, bytes) => {
      name = wireText(readWireFields(bytes), 1);
    },
    ended: (call) => {
      const status = statusOf(name);
      if (status === SERVICE_UNKNOWN) {
        call.fail(codes.NOT_FOUND, `unknown service ${name}`);
        return;
      }
      void call.send(numberField(1, status));
      call.end();
    },
  };
}

function list(statusOf: StatusOf, names: ReadonlySet<string>): RawHandler {
  return {
    message: () => undefined,
    ended: (call) => {
      const entries = ["", ...names].map((name) =>
        textField(1, message(textField(1, name), textField(2, numberField(1, statusOf(name))))),
      );
      void call.send(message(...entries));
      call.end();
    },
  };
}

/** The callers that want to hear of changes; they are looked after by one timer while there are any. */
class Watchers {
  readonly #statusOf: StatusOf;
  readonly #told = new Map<RawCall, { readonly name: string; status: ServingStatus }>();
  #timer: NodeJS.Timeout | undefined = undefined;

  constructor(statusOf: StatusOf) {
    this.#statusOf = statusOf;
  }

  handler(): RawHandler {
    return {
      message: (call, bytes) => this.#add(call, wireText(readWireFields(bytes), 1)),
      // Its one request is all it says; what it wants to hear comes until it goes.
      ended: () => undefined,
      gone: (call) => this.#remove(call),
    };
  }

  close(): void {
    for (const call of this.#told.keys()) {
      this.#remove(call);
      call.fail(codes.UNAVAILABLE, "the server has stopped");
    }
  }

  /** Resolves when the word is out: a caller that asks again and again without reading waits. */
  #add(call: RawCall, name: string): Promise<void> {
    const status = this.#statusOf(name);
    this.#told.set(call, { name, status });
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS).unref();
    return call.send(numberField(1, status));
  }

  #remove(call: RawCall): void {
    this.#told.delete(call);
    if (this.#told.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    for (const [call, told] of this.#told) {
      const status = this.#statusOf(told.name);
      if (status === told.status) continue;
      told.status = status;
      void call.send(numberField(1, status));
    }
  }
}
