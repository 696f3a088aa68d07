import type { RawHandler } from "./raw-call.ts";

/** A method of a standard service: it is answered whatever the handlers do, without their limits and middleware. */
export interface BuiltInMethod {
  /** `/grpc.health.v1.Health/Check`. */
  readonly path: string;
  /** One for each call. */
  handler(): RawHandler;
}

/** A standard service. */
export interface BuiltInService {
  readonly methods: readonly BuiltInMethod[];
  /** Ends the calls that would last for ever. */
  close?(): void;
}

/** What answers each path. */
export type BuiltIns = ReadonlyMap<string, BuiltInMethod>;

/** The methods of these services by their path. */
export function byPath(services: readonly BuiltInService[]): BuiltIns {
  return new Map(services.flatMap(({ methods }) => methods).map((method) => [method.path, method]));
}
