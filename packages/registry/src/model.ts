/** A type description for people and gateways; nothing routes on it (spec 3.1). */
export interface Value {
  readonly name: string;
  readonly type: string;
  readonly values: readonly Value[] | null;
}

/** One endpoint of a service as the registry knows it (spec 3.1). */
export interface Endpoint {
  /** `Greeter.Hello`. */
  readonly name: string;
  readonly request: Value | null;
  readonly response: Value | null;
  /** `stream: "true"` for streams; `topic` and `subscriber: "true"` for subscribers. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One running server of a service. */
export interface Node {
  /** `<service>-<server id>`, unique in the fleet. */
  readonly id: string;
  /** `host:port`; IPv6 hosts in brackets. */
  readonly address: string;
  /** `protocol: "mucp"` and so on (spec 3.1). */
  readonly metadata: Readonly<Record<string, string>>;
}

/** One version of a service with its nodes; several versions of a name are several records (spec 3.1). */
export interface ServiceRecord {
  readonly name: string;
  readonly version: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
  readonly nodes: readonly Node[];
}
