import type {
  MethodDescription,
  NamedType,
  ServiceDescriptor,
  TypeDescription,
} from "../descriptor/describe-types.ts";
import { lines, mapMessage, notMapped, reachable } from "./map-messages.ts";
import { type Mapping, mapType, STRUCT, STRUCT_FILE, VALUE } from "./map-type.ts";
import { foldVariants, freeName, renameWithin, type ServiceTypes } from "./merge-contracts.ts";
import type { Finding, ProtoMessage, ProtoMethod, ProtoModel, ProtoService } from "./proto-model.ts";

/** What {@link protoOf} is asked for. */
export interface ProtoOptions {
  /** Module that the contracts come from, as the file's head names it. */
  readonly source: string;
  /** @default the service's name */
  readonly package?: string | undefined;
  readonly goPackage?: string | undefined;
  readonly enums: boolean;
}

/** The `.proto` of the contracts of one service, and what it cannot say. Throws a MicroError `BAD_REQUEST`. */
export function protoOf(
  given: ServiceTypes,
  options: ProtoOptions,
): { readonly model: ProtoModel; readonly findings: readonly Finding[] } {
  const { descriptors, types } = folded(given);
  const findings: Finding[] = [];
  // A message and a service of one name cannot stand in one package.
  const services = new Set(descriptors.map(({ name }) => name));
  const messageOf = (name: string) => (services.has(name) ? freeName(`${name}Message`, types) : name);
  const mapping: Mapping = { types, messageOf, enums: options.enums, findings };
  const methods = descriptors.flatMap((descriptor) => descriptor.methods);
  const fromCallers = reachable(
    methods.map(({ request }) => request),
    types,
  );
  const protoServices = descriptors.map((descriptor) => mapService(descriptor, mapping));
  const messages = inOrder(methods, types)
    .map((name) => types[name])
    .filter((type) => type?.kind === "object")
    .map((type) => {
      const { name } = type;
      const required = requiredOf(given.types[name]);
      return mapMessage(
        type,
        { name: messageOf(name), fromCallers: fromCallers.has(name), required },
        mapping,
      );
    });
  return {
    findings,
    model: {
      package: packageOf(given.service, options.package),
      goPackage: options.goPackage,
      source: options.source,
      imports: usesStruct(protoServices, messages) ? [STRUCT_FILE] : [],
      services: protoServices,
      messages,
    },
  };
}

/** The fields that a type has to have, before its variants are folded into it. */
function requiredOf(type: NamedType | undefined): ReadonlySet<string> {
  const fields = type?.kind === "object" ? type.fields : [];
  return new Set(fields.filter(({ required }) => required).map(({ name }) => name));
}

/** Types in the order in which a reader of the methods meets them. */
function inOrder(
  methods: readonly MethodDescription[],
  types: Readonly<Record<string, NamedType>>,
): readonly string[] {
  return [...new Set(methods.flatMap(({ request, reply }) => [...reachable([request, reply], types)]))];
}

function folded(given: ServiceTypes): Pick<ServiceTypes, "descriptors" | "types"> {
  const { descriptors, types } = given;
  const names = foldVariants(given);
  if (names.size === 0) return given;
  const nameOf = (name: string) => names.get(name) ?? name;
  const kept = Object.entries(types).filter(([name]) => !names.has(name));
  return {
    types: Object.fromEntries(
      kept.map(([name, type]) => {
        const variants = [...names].filter(([, base]) => base === name).map(([variant]) => types[variant]);
        return [name, renameWithin(relaxed(type, variants), nameOf)];
      }),
    ),
    descriptors: descriptors.map((descriptor) => ({
      ...descriptor,
      methods: renameWithin(descriptor.methods, nameOf),
    })),
  };
}

/** What one of the variants may leave out is not required. */
function relaxed(type: NamedType, variants: readonly (NamedType | undefined)[]): NamedType {
  if (type.kind !== "object") return type;
  const optional = new Set(
    variants.flatMap((variant) =>
      variant?.kind === "object"
        ? variant.fields.filter(({ required }) => !required).map(({ name }) => name)
        : [],
    ),
  );
  const fields = type.fields.map((field) =>
    optional.has(field.name) ? { ...field, required: false } : field,
  );
  return { ...type, fields };
}

function mapService(descriptor: ServiceDescriptor, mapping: Mapping): ProtoService {
  return {
    name: descriptor.name,
    comment: lines(descriptor.description),
    deprecated: descriptor.deprecated,
    methods: descriptor.methods.map((method) => mapMethod(method, mapping)),
  };
}

function mapMethod(method: MethodDescription, mapping: Mapping): ProtoMethod {
  const { name, endpoint, kind, description, deprecated, idempotent, http } = method;
  return {
    name,
    comment: lines(description),
    deprecated,
    idempotent,
    http,
    request: mapRoot(method.request, `${endpoint} request`, mapping),
    reply: mapRoot(method.reply, `${endpoint} reply`, mapping),
    streamsRequests: kind === "clientStream" || kind === "bidiStream",
    streamsReplies: kind === "serverStream" || kind === "bidiStream",
  };
}

/** A request or a reply is a message: what is no object is JSON. */
function mapRoot(type: TypeDescription, path: string, mapping: Mapping): string {
  if (type.kind === "unknown" && type.constraints === undefined) {
    mapping.findings.push({ path, text: `${VALUE}, any JSON value: it has no schema that says what it is` });
    return VALUE;
  }
  const mapped = mapType(type, path, { ...mapping, findings: [] });
  if (mapped.type === STRUCT && !mapped.repeated) return STRUCT;
  const isMessage =
    !mapped.repeated && !mapped.hasZero && !mapped.type.startsWith("map<") && mapped.type !== VALUE;
  if (isMessage) return mapped.type;
  mapping.findings.push({ path, text: `${VALUE}, any JSON value: it is no object with fields` });
  return VALUE;
}

function usesStruct(services: readonly ProtoService[], messages: readonly ProtoMessage[]): boolean {
  const isJson = (type: string) => type.includes(VALUE) || type.includes(STRUCT);
  return (
    services.some(({ methods }) => methods.some(({ request, reply }) => isJson(request) || isJson(reply))) ||
    messages.some(({ fields }) => fields.some(({ type }) => isJson(type)))
  );
}

/** A package of Protocol Buffers: `shop-front.v1` as `shop_front.v1`. */
function packageOf(service: string, given: string | undefined): string {
  const name = given ?? service.replaceAll(/[^\w.]/g, "_");
  if (!/^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$/.test(name)) {
    throw notMapped(`package '${name}'`, "must be names with dots in between");
  }
  return name;
}
