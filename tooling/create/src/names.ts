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
