import type { NamedType, ServiceDescriptor, TypeDescription } from "../descriptor/describe-types.ts";

/** The contracts of one service with their types under names that are unique among them. */
export interface ServiceTypes {
  readonly service: string;
  readonly descriptors: readonly ServiceDescriptor[];
  readonly types: Readonly<Record<string, NamedType>>;
  /** Types that differ from another one of their name, with the one that has the name. */
  readonly variants: ReadonlyMap<string, string>;
}

/** Puts the types of several contracts together: equal ones once, different ones of one name under two names. */
export function mergeContracts(service: string, contracts: readonly ServiceDescriptor[]): ServiceTypes {
  const types: Record<string, NamedType> = {};
  const variants = new Map<string, string>();
  const descriptors = contracts.map((descriptor) => {
    const renamed = new Map<string, string>();
    const nameOf = (name: string) => renamed.get(name) ?? name;
    // A type that uses one which gets another name is another type too.
    for (let before = -1; before !== renamed.size; ) {
      before = renamed.size;
      for (const [name, type] of Object.entries(descriptor.types)) {
        const other = types[name];
        if (renamed.has(name) || other === undefined) continue;
        if (JSON.stringify(other) === JSON.stringify(renameWithin(type, nameOf))) continue;
        const taken = Object.fromEntries([...renamed.values()].map((one) => [one, true]));
        const free = freeName(`${descriptor.name}${name}`, { ...types, ...descriptor.types, ...taken });
        renamed.set(name, free);
        variants.set(free, name);
      }
    }
    const own = rename(descriptor, renamed);
    Object.assign(types, own.types);
    return own;
  });
  for (const name of Object.keys(types)) {
    const base = name.slice(0, -OUTPUT.length);
    if (name.endsWith(OUTPUT) && Object.hasOwn(types, base)) variants.set(name, base);
  }
  return { service, descriptors, types, variants };
}

/** The name, or the first of `name2`, `name3`, … that is free. */
export function freeName(name: string, taken: Readonly<Record<string, unknown>>): string {
  let free = name;
  for (let count = 2; Object.hasOwn(taken, free); count++) free = `${name}${count}`;
  return free;
}

function rename(descriptor: ServiceDescriptor, names: ReadonlyMap<string, string>): ServiceDescriptor {
  if (names.size === 0) return descriptor;
  const nameOf = (name: string) => names.get(name) ?? name;
  const types = Object.values(descriptor.types).map((type) => {
    const name = nameOf(type.name);
    return [name, { ...renameWithin(type, nameOf), name, shortName: name }] as const;
  });
  return {
    ...descriptor,
    methods: descriptor.methods.map((method) => ({
      ...method,
      request: renameWithin(method.request, nameOf),
      reply: renameWithin(method.reply, nameOf),
    })),
    types: Object.fromEntries(types),
  };
}

const REFERENCE = "#/$defs/";

/** A copy in which every reference has its new name: those of descriptions and those of JSON Schema inside them. */
export function renameWithin<T>(value: T, nameOf: (name: string) => string): T {
  return JSON.parse(JSON.stringify(value), (key, entry: unknown) => {
    if (key === "$ref" && typeof entry === "string" && entry.startsWith(REFERENCE)) {
      return `${REFERENCE}${nameOf(entry.slice(REFERENCE.length))}`;
    }
    const type = entry as TypeDescription | null;
    return typeof type === "object" && type?.kind === "named" ? { ...type, name: nameOf(type.name) } : entry;
  }) as T;
}

/**
 * The names under which the variants come into the `.proto`: what goes in and what comes out of a schema is one message
 * there, unless its fields differ.
 */
export function foldVariants({ types, variants }: ServiceTypes): ReadonlyMap<string, string> {
  // All are the same until one is found that differs, and with it those that use it.
  const folded = new Map(variants);
  const nameOf = (name: string): string => {
    const base = folded.get(name);
    return base === undefined ? name : nameOf(base);
  };
  for (let before = -1; before !== folded.size; ) {
    before = folded.size;
    for (const [name, base] of folded) {
      if (essence(types[name], nameOf) !== essence(types[base], nameOf)) folded.delete(name);
    }
  }
  return new Map([...folded.keys()].map((name) => [name, nameOf(name)]));
}

/** How the core calls what comes out of a schema if it differs from what goes in. */
const OUTPUT = "Output";

/** What of a type comes into a `.proto`, presence apart. */
function essence(type: NamedType | undefined, nameOf: (name: string) => string): string {
  if (type?.kind !== "object") return JSON.stringify(type ?? null);
  const fields = type.fields
    .map(({ name, type: own }) => ({ name, type: renameWithin(own, nameOf) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return JSON.stringify(fields, (key, entry: unknown) => (key === "description" ? undefined : entry));
}
