import { type Contract, endpointName, type Method } from "../contract.ts";
import type { MethodDescription, ServiceDescriptor, TypeDescription } from "../descriptor/describe-types.ts";
import { serviceDescriptor } from "../descriptor/service-descriptor.ts";
import { defineFile } from "../message/define.ts";
import { type AnyMessageType, isMessageType } from "../message/descriptor.ts";
import { structFile } from "../message/wkt.ts";
import { type DerivedMessages, defineMessages, type WhenAbsent } from "./derive-messages.ts";
import { mergeContracts } from "./merge-contracts.ts";
import { protoOf } from "./proto-of.ts";

/** What {@link deriveContracts} gives. */
export interface DerivedContracts {
  /** What each contract would be if it had been generated from a `.proto` file. */
  readonly contracts: ReadonlyMap<Contract, Contract>;
  /** What the schemas want to see of fields that a message does not have. */
  readonly whenAbsent: ReadonlyMap<AnyMessageType, WhenAbsent>;
}

/** Options of {@link deriveContracts}. */
export interface DeriveOptions {
  /** Package of the file. @default the service's name */
  readonly package?: string | undefined;
}

/**
 * Gives contracts that were described in TypeScript the message types of the `.proto` file that `micro generate
 * --from-code` would write first: the properties of a message are the names in JSON, fields are numbered in their order.
 * A side of a method that is a message type already stays what it is. A method of whose messages nothing is known is left
 * out, and so is a contract without any other. All contracts are of one service.
 *
 * Throws a MicroError `BAD_REQUEST` that names the path of what no `.proto` can say.
 */
export function deriveContracts(
  service: string,
  contracts: readonly Contract[],
  options: DeriveOptions = {},
): DerivedContracts {
  const described = contracts.map(describe).filter(({ methods }) => methods.length > 0);
  if (described.length === 0) return { contracts: new Map(), whenAbsent: new Map() };
  const descriptors = described.map(({ descriptor }) => descriptor);
  const { model } = protoOf(mergeContracts(service, descriptors), {
    source: service,
    package: options.package,
    goPackage: undefined,
    enums: false,
  });
  const file = defineFile({
    name: `${model.package}.proto`,
    package: model.package,
    imports: model.imports.length > 0 ? [structFile] : [],
  });
  const { types, whenAbsent }: DerivedMessages = defineMessages(file, model.messages);
  const entries = described.map(({ contract, methods }, index) => {
    const named = new Map(model.services[index]?.methods.map((method) => [method.name, method]));
    const typed = methods.map(([key, method]): readonly [string, Method] => {
      const { request = "", reply = "" } = named.get(nameOf(contract, key)) ?? {};
      const input = isMessageType(method.input) ? method.input : types.get(request);
      const output = isMessageType(method.output) ? method.output : types.get(reply);
      return [key, { ...method, input, output }];
    });
    return [contract, { ...contract, file, methods: Object.fromEntries(typed) }] as const;
  });
  return { contracts: new Map(entries), whenAbsent };
}

type Entry = readonly [key: string, method: Method];

interface Described {
  readonly contract: Contract;
  /** Those whose messages a `.proto` file can say something of. */
  readonly methods: readonly Entry[];
  /** The same methods. A message type has its place in a file of its own, and is not described here. */
  readonly descriptor: ServiceDescriptor;
}

function describe(contract: Contract): Described {
  const all = Object.entries<Method>(contract.methods);
  const withoutMessages = all.map(([key, method]) => {
    const own = (type: Method["input"]) => (isMessageType(type) ? undefined : type);
    return [key, { ...method, input: own(method.input), output: own(method.output) }] as const;
  });
  const descriptor = serviceDescriptor({ ...contract, methods: Object.fromEntries(withoutMessages) });
  const known = new Set(
    descriptor.methods.filter((told, index) => isKnown(told, all[index]?.[1])).map(({ key }) => key),
  );
  return {
    contract,
    methods: all.filter(([key]) => known.has(key)),
    descriptor: { ...descriptor, methods: descriptor.methods.filter(({ key }) => known.has(key)) },
  };
}

/** The brand of `frameSchema` of `@micro/codec`: messages that stay bytes. */
const FRAME = Symbol.for("micro.frame");

function isKnown({ request, reply }: MethodDescription, method: Method | undefined): boolean {
  const schemas = [method?.input, method?.output].filter((schema) => schema !== undefined);
  if (schemas.some((schema) => FRAME in schema)) return false;
  return schemas.filter(isMessageType).length === 2 || isTold(request) || isTold(reply);
}

function isTold({ kind, constraints }: TypeDescription): boolean {
  return kind !== "unknown" || constraints !== undefined;
}

function nameOf(contract: Contract, key: string): string {
  return endpointName(contract, key).slice(contract.name.length + 1);
}
