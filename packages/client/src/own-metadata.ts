import { Metadata, type MetadataInit } from "@micro/core";
import { clientError } from "./client-errors.ts";

/** What every wire can carry: gRPC allows the least. */
const KEY = /^[0-9a-z_.-]+$/;
/** Whatever must not be in a value: control characters (RFC 9110, 5.5), and half characters, of which UTF-8 has none. */
const CONTROL = /[^\t\x20-\x7e\u0080-\ud7ff\ue000-\u{10ffff}]/u;

/**
 * The metadata that a call was given, as every wire carries it: without spaces around values. A call inside the process
 * is held to the same. Throws a MicroError `BAD_REQUEST` that names the key.
 */
export function ownMetadata(init: MetadataInit, endpoint: string): Metadata {
  const wrong = (what: string): Error =>
    clientError("BAD_REQUEST", `${endpoint}: metadata ${what}`, { notSent: true });
  if (typeof init !== "object" || init === null)
    throw wrong(`is ${String(init)}, it must be an object of texts`);
  const given: Metadata = new Metadata(init);
  const metadata = new Metadata();
  for (const [key, value] of given) {
    const name = JSON.stringify(key);
    if (!KEY.test(key)) throw wrong(`has the key ${name}: it may have letters, digits and - _ .`);
    if (typeof value !== "string") throw wrong(`${name} is ${describe(value)}, it must be a text`);
    if (CONTROL.test(value)) throw wrong(`${name} has control or half characters: ${JSON.stringify(value)}`);
    metadata.setLower(key, withoutPadding(value));
  }
  return metadata;
}

/** By hand: an expression for the end of a text takes quadratic time where it has spaces in its middle. */
function withoutPadding(value: string): string {
  let [start, end] = [0, value.length];
  while (start < end && isBlank(value[start])) start++;
  while (end > start && isBlank(value[end - 1])) end--;
  return value.slice(start, end);
}

const isBlank = (character: string | undefined): boolean => character === " " || character === "\t";

const describe = (value: unknown): string =>
  value === null || typeof value !== "object" ? String(value) : "an object";
