import type { Codec, Codecs } from "@micro/codec";
import { type Contract, endpointName, type Logger, type Method, MicroError } from "@micro/core";
import { descriptorOf, isMessageType } from "@micro/core/message";
import { type DerivedContracts, deriveContracts } from "@micro/core/proto";
import { Value } from "@micro/core/wkt";
import type { RequestCodec, Route } from "@micro/server";
import { type AbsentValues, fromPlain, toPlain } from "./plain-values.ts";

/** What standard clients are given of services that no `.proto` file describes. */
export interface DerivedRoutes {
  /** As if each had been generated from a `.proto` file. */
  readonly contracts: readonly Contract[];
  /** Reads and writes the protobuf messages of these routes. */
  readonly codecs: ReadonlyMap<Route, RequestCodec>;
}

/** What {@link deriveRoutes} works with. */
export interface DeriveRoutesOptions {
  /** Service of handlers that have no contract. */
  readonly service: string;
  readonly codecs: Codecs;
  readonly logger: Logger;
}

/**
 * Derives message types for the routes whose messages schemas describe, so that standard clients can call them in
 * protobuf. Nothing is derived without a codec for it; what no `.proto` can say is left out, with a warning.
 */
export function deriveRoutes(
  routes: Iterable<Route>,
  { service: ownService, codecs, logger }: DeriveRoutesOptions,
): DerivedRoutes {
  const contracts: Contract[] = [];
  const found = new Map<Route, RequestCodec>();
  const binary = codecs.find("application/protobuf");
  if (binary === undefined) return { contracts, codecs: found };
  const codec = { binary, json: codecs.find("application/json") };
  const all = [...routes];
  const packages = new Set(all.flatMap(packagesOf));
  for (const [service, types] of inCode(all, ownService)) {
    const derived = deriveApart(service, types, { packages, logger });
    for (const [contract, own] of types) {
      const typed = derived.contracts.get(contract);
      if (typed?.file === undefined) continue;
      contracts.push(typed);
      packages.add(typed.file.package);
      for (const [name, method] of Object.entries<Method>(typed.methods)) {
        const route = own.get(name);
        if (route !== undefined)
          found.set(route, codecOf(route, method, { ...codec, absent: derived.whenAbsent }));
      }
    }
  }
  return { contracts, codecs: found };
}

/** The packages of the `.proto` files that the routes were generated from. */
function packagesOf({ contract, requestSchema, replySchema }: Route): readonly string[] {
  const types = [requestSchema, replySchema].filter(isMessageType);
  const files = types.map((type) => descriptorOf(type).file);
  return [...files, ...(contract?.file === undefined ? [] : [contract.file])].map((file) => file.package);
}

/** Contracts as their routes make them, with the routes by their method's name. */
type Types = ReadonlyMap<Contract, ReadonlyMap<string, Route>>;

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** The routes without a `.proto` file, by service and handler type: several contracts may share a type, and some have none. */
function inCode(routes: readonly Route[], ownService: string): ReadonlyMap<string, Types> {
  const services = new Map<string, Map<string, Map<string, Route>>>();
  for (const route of routes) {
    const { contract, endpoint } = route;
    const [type = "", name = "", ...more] = endpoint.split(".");
    if (contract?.file !== undefined || more.length > 0) continue;
    if (!IDENTIFIER.test(type) || !IDENTIFIER.test(name)) continue;
    const service = contract?.service ?? ownService;
    const types = services.get(service) ?? new Map<string, Map<string, Route>>();
    services.set(service, types);
    const methods = types.get(type) ?? new Map<string, Route>();
    types.set(type, methods);
    methods.set(name, route);
  }
  return new Map(
    [...services].map(([service, types]) => [
      service,
      new Map([...types].map(([type, methods]) => [contractOf(service, type, methods), methods])),
    ]),
  );
}

function contractOf(service: string, name: string, routes: ReadonlyMap<string, Route>): Contract {
  const told = [...routes.values()].find(({ contract }) => contract !== undefined)?.contract;
  return {
    name,
    service,
    ...(told?.description === undefined ? {} : { description: told.description }),
    deprecated: told?.deprecated ?? false,
    methods: Object.fromEntries([...routes].map(([method, route]) => [method, methodOf(method, route)])),
  };
}

function methodOf(
  name: string,
  { contract, endpoint, kind, idempotent, requestSchema, replySchema }: Route,
): Method {
  const key = Object.keys(contract?.methods ?? {}).find(
    (one) => contract !== undefined && endpointName(contract, one) === endpoint,
  );
  const told: Method | undefined = key === undefined ? undefined : contract?.methods[key];
  return {
    ...told,
    name,
    // Routes of events are the subscribers' and stand in another list.
    kind: kind as Method["kind"],
    idempotent,
    input: requestSchema,
    output: replySchema,
  };
}

/** In a package of its own: the names of a `.proto` file might be the same. */
function deriveApart(
  service: string,
  types: Types,
  { packages, logger }: { readonly packages: ReadonlySet<string>; readonly logger: Logger },
): DerivedContracts {
  const { contracts, derived } = deriveSayable(service, [...types.keys()], logger);
  const [first] = derived.contracts.values();
  const name = first?.file?.package;
  if (name === undefined || !packages.has(name)) return derived;
  let free = `${name}.code`;
  while (packages.has(free)) free += "_";
  return deriveContracts(service, contracts, { package: free });
}

/** Without those that no `.proto` file can say: they are called in JSON alone. */
function deriveSayable(
  service: string,
  contracts: readonly Contract[],
  logger: Logger,
): { readonly contracts: readonly Contract[]; readonly derived: DerivedContracts } {
  const leaveOut = (name: string, error: unknown): void => {
    const { detail } = MicroError.from(error);
    logger.warn(`${name} cannot be called in protobuf, and reflection leaves it out: ${detail}`);
  };
  try {
    return { contracts, derived: deriveContracts(service, contracts) };
  } catch (error) {
    const alone = contracts.filter((contract) => {
      try {
        deriveContracts(service, [contract]);
        return true;
      } catch (problem) {
        leaveOut(contract.name, problem);
        return false;
      }
    });
    const together = alone.length < contracts.length;
    if (!together) leaveOut(contracts.map(({ name }) => name).join(", "), error);
    const kept = together ? alone : [];
    return { contracts: kept, derived: deriveContracts(service, kept) };
  }
}

/** Reads and writes the messages of one route: what its handler and its schemas see is what JSON would have brought. */
function codecOf(
  { requestSchema, replySchema }: Route,
  { input, output }: Method,
  {
    binary,
    json,
    absent,
  }: { readonly binary: Codec; readonly json: Codec | undefined; readonly absent: AbsentValues },
): RequestCodec {
  const plain = (value: unknown): unknown =>
    json === undefined
      ? JSON.parse(JSON.stringify(value ?? {}))
      : JSON.parse(Buffer.from(json.encode(value)).toString());
  return {
    typed: true,
    decode: (bytes) => {
      const message = binary.decode(bytes, input);
      if (!isMessageType(input) || input === requestSchema) return message;
      // A value that is not there, as an empty body of JSON is none.
      if (input.typeName === Value.typeName && bytes.length === 0) return undefined;
      return toPlain(input, message, absent);
    },
    encode: (value) => {
      if (!isMessageType(output) || output === replySchema) return binary.encode(value, output);
      // Nothing is the empty message, and null too, unless any JSON may come.
      const nothing = value === undefined || (value === null && output.typeName !== Value.typeName);
      return binary.encode(fromPlain(output, nothing ? {} : value, plain), output);
    },
  };
}
