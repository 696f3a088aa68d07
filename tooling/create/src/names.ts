import { ScaffoldError } from "./scaffold-error.ts";

/** One name in the spellings that files and code need. */
export interface Spellings {
  /** As given: `shop.orders`. */
  readonly full: string;
  /** `shop-orders`: files, folders, packages. */
  readonly kebab: string;
  /** `shopOrders`: values. */
  readonly camel: string;
  /** `ShopOrders`: types. */
  readonly pascal: string;
}

const NAME = /^[a-z][a-z0-9]*(?:[.-][a-z0-9]+)*$/;

/** What the component's own constant cannot be called: words of the language, and what its module imports. */
const NO_CONSTANT: ReadonlySet<string> = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends
  false finally for function if implements import in instanceof interface let new null package private protected
  public return static super switch this throw true try typeof undefined var void while with yield option`.split(
    /\s+/,
  ),
);
/** What core refuses, because a service or a section has it already. */
const TAKEN_BY_CORE: ReadonlySet<string> = new Set(
  `name version state signal container resolve start run stop explain plugins hooks middleware instances exchange
  shared services service enabled plugin help constructor then`.split(/\s+/),
);

/** Throws a {@link ScaffoldError} for what no component of a user's own can be called; `ours` are those of Micro. */
export function checkComponentName(name: string, ours: readonly string[]): void {
  if (!/^[a-z][a-z0-9]*$/.test(name)) {
    throw new ScaffoldError(
      `'${name}' is no name of a component: it is a section, a flag prefix and a property, so lower case letters and digits only`,
    );
  }
  if (ours.includes(name)) {
    throw new ScaffoldError(
      `'${name}' is a component of Micro: choose another name, or make a plugin of it, as ${name}-mine`,
    );
  }
  if (NO_CONSTANT.has(name) || TAKEN_BY_CORE.has(name)) {
    throw new ScaffoldError(
      `'${name}' cannot be the name of a component, the word is taken: choose another one`,
    );
  }
}

/** The spellings of a name; a {@link ScaffoldError} when it is none. */
export function spellingsOf(name: string, what: string): Spellings {
  if (!NAME.test(name)) {
    throw new ScaffoldError(
      `'${name}' is no name of a ${what}: lower case letters and digits, words joined by '-' or '.', a letter first`,
    );
  }
  const words = name.split(/[.-]/);
  const pascal = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  const camel = pascal.charAt(0).toLowerCase() + pascal.slice(1);
  return { full: name, kebab: words.join("-"), camel, pascal };
}

/**
 * Writes a name in place of `sample`, the name that all templates have: `Sample` becomes `ShopOrders`, `sampleService`
 * `shopOrdersService`, `sample.service` the name as given, and `sample` elsewhere `shop-orders`.
 */
export function rename(text: string, { full, kebab, camel, pascal }: Spellings): string {
  return text
    .replaceAll("sample.service", full)
    .replaceAll(/Sample(?![a-z])/g, pascal)
    .replaceAll(/sample(?=[A-Z])/g, camel)
    .replaceAll(/sample(?![a-z])/g, kebab);
}
