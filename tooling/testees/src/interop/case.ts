import { isDeepStrictEqual } from "node:util";
import type { Client, ContractClient } from "@micro/client";
import { type Code, MicroError } from "@micro/core";
import type { TestService } from "../gen/grpc/testing/test.ts";

/** What a case works with. */
export interface InteropWorld {
  readonly client: Client;
  readonly test: ContractClient<(typeof TestService)["methods"]>;
}

/** One case of gRPC's interop test descriptions; it passes by not throwing. */
export type InteropCase = (world: InteropWorld) => Promise<void>;

/** Throws when two values differ. */
export function same(what: string, seen: unknown, wanted: unknown): void {
  if (isDeepStrictEqual(seen, wanted)) return;
  throw new Error(`${what}: ${JSON.stringify(wanted)} was wanted, and it is ${JSON.stringify(seen)}`);
}

/** Throws when `call` does not fail with this code, and with this text if one is given. */
export async function fails(call: Promise<unknown>, code: Code, detail?: string): Promise<void> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => MicroError.from(thrown),
  );
  same("the code", error?.code ?? "no error", code);
  if (detail !== undefined) same("the text", error?.detail, detail);
}

/** All messages of a stream. */
export async function all<T>(stream: AsyncIterable<T>): Promise<readonly T[]> {
  const messages: T[] = [];
  for await (const message of stream) messages.push(message);
  return messages;
}
