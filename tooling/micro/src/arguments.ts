import { parseAddress, parseDuration } from "@micro/core";
import type { CommandArguments } from "./context.ts";
import { usageError } from "./failure.ts";

/** A positional or flag that yargs has checked to be there. */
export const textOf = (args: CommandArguments, name: string): string => String(args[name]);

/** A text that may be missing; of a flag that was repeated the last. */
export function optionalText(args: CommandArguments, name: string): string | undefined {
  return texts(args, name).at(-1);
}

/** The texts of a flag that may be repeated. */
export function texts(args: CommandArguments, name: string): readonly string[] {
  const value = args[name];
  if (value === undefined) return [];
  return (Array.isArray(value) ? (value as unknown[]) : [value]).map(String);
}

/** A flag that is a duration, in ms; a bare number is milliseconds. */
export function durationOf(args: CommandArguments, name: string): number | undefined {
  const text = optionalText(args, name);
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms === undefined || ms === 0)
    throw usageError(`--${name} must be a duration above 0, such as 500ms, 5s or 1m30s, not '${text}'`);
  return ms;
}

/** `--timeout`, in ms. */
export const timeoutOf = (args: CommandArguments): number | undefined => durationOf(args, "timeout");

/** A flag that counts something, from 1 to `max`. */
export function countOf(args: CommandArguments, name: string, max: number): number | undefined {
  const text = optionalText(args, name);
  if (text === undefined) return undefined;
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= max) return count;
  throw usageError(`--${name} must be a whole number from 1 to ${max}, not '${text}'`);
}

/** `--metadata k=v …`. A key that is given twice has its last value. */
export function metadataOf(args: CommandArguments): Readonly<Record<string, string>> {
  const pairs = texts(args, "metadata").map((text) => {
    const at = text.indexOf("=");
    if (at < 1) throw usageError(`--metadata must be key=value, not '${text}'`);
    return [text.slice(0, at).trim(), text.slice(at + 1)] as const;
  });
  return Object.fromEntries(pairs);
}

/** `--address host:port …`; undefined when there is none. */
export function addressesOf(args: CommandArguments): readonly string[] | undefined {
  const addresses = texts(args, "address").flatMap((text) => text.split(",").map((one) => one.trim()));
  for (const address of addresses) {
    const port = /:(\d+)$/.exec(address)?.[1];
    try {
      parseAddress(address, "--address");
    } catch (error) {
      throw usageError(error instanceof Error ? error.message : String(error));
    }
    if (port === undefined || Number(port) === 0)
      throw usageError(`--address must be host:port, such as 127.0.0.1:8080, not '${address}'`);
  }
  return addresses.length === 0 ? undefined : addresses;
}

/** An endpoint: `Type.Method`. */
export function endpointOf(args: CommandArguments): string {
  const endpoint = textOf(args, "endpoint");
  if (/^[^.\s]+\.[^.\s]+$/.test(endpoint)) return endpoint;
  throw usageError(
    `endpoint '${endpoint}' must be Type.Method, such as Greeter.Hello`,
    `micro describe ${textOf(args, "service")} lists those of the service`,
  );
}
