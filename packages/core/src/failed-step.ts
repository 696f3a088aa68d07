import { resolve } from "node:path";
import type { ResolvedSection } from "./config/resolve.ts";
import type { ResolvedValue } from "./config/resolve-option.ts";
import type { Problem } from "./config/settings.ts";
import { MicroError } from "./errors.ts";
import { StartError } from "./start-error.ts";

/** Whose step failed. */
export interface FailedStep {
  /** Name of the service. */
  readonly service: string;
  /** The part that was created or started. */
  readonly section?: ResolvedSection | undefined;
  /** Its plugin, where the section has several. */
  readonly plugin?: string;
}

/** Causes that are looked at, so that a circle ends. */
const MOST_CAUSES = 8;

/**
 * The error of a step that failed with `error`, which becomes its cause and gives its code: a {@link StartError} when
 * {@link isExpected}, and for a fault of the code a plain MicroError.
 */
export function failedAt(step: string, error: unknown, failed: FailedStep): MicroError {
  const { code, detail } = MicroError.from(error);
  const whole = `${step}: ${detail}`;
  if (!isExpected(error)) return new MicroError({ code, id: failed.service, detail: whole, cause: error });
  return new StartError(failed.service, [problemOf(step, error, failed)], { code, detail: whole });
}

/**
 * Whether an error tells of the world and not of a fault in the code: somebody gave it a code of ours other than
 * `INTERNAL`, or the operating system refused something.
 */
export function isExpected(error: unknown, depth = 0): boolean {
  if (depth >= MOST_CAUSES) return false;
  if (error instanceof AggregateError)
    return error.errors.length > 0 && error.errors.every((each) => isExpected(each, depth + 1));
  if (!MicroError.is(error)) return isSystemError(error);
  if (error.code !== "INTERNAL" && error.code !== "UNKNOWN") return true;
  return isExpected(error.cause, depth + 1);
}

/** What a program prints of an error that ends it; undefined for one that needs its stack. */
export function errorText(error: unknown): string | undefined {
  if (StartError.is(error)) return error.text;
  if (MicroError.is(error)) return isExpected(error) ? `${error.code}: ${error.detail}` : undefined;
  if (!(error instanceof AggregateError)) return undefined;
  // What starting failed with comes first, what giving back failed with after it.
  const [first, ...others] = error.errors as readonly unknown[];
  if (!StartError.is(first) || !others.every((each) => isExpected(each))) return undefined;
  return [first.text, ...others.map((each) => `  and then: ${MicroError.from(each).detail}`)].join("\n");
}

function problemOf(step: string, error: unknown, { section, plugin }: FailedStep): Problem {
  const { detail } = MicroError.from(error);
  const who = section === undefined ? step : partName(section, plugin);
  const bare = detail.startsWith(`${who}: `) ? detail.slice(who.length + 2) : detail;
  const value = section && valueNamedIn(detail, section.values);
  const option = value?.keys.join(".");
  const system = systemErrorOf(error);
  const advise = system === undefined ? undefined : ADVICE[system.code ?? ""];
  const hint = system && advise?.(system, option === undefined ? "" : ` ('${option}')`);
  return {
    where: value === undefined ? who : value.origin.kind === "default" ? (option ?? who) : value.origin.where,
    message: value === undefined ? bare : `${who}: ${bare}`,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  };
}

function partName({ path, plugins }: ResolvedSection, plugin: string | undefined): string {
  const name = plugin ?? (plugins.length === 1 ? plugins[0]?.name : undefined);
  return name === undefined ? path.join(".") : `${path.join(".")} '${name}'`;
}

/** The option that an error speaks of: by its key, or by an address or a path that it has for a value. */
function valueNamedIn(detail: string, values: readonly ResolvedValue[]): ResolvedValue | undefined {
  const weight = ({ keys, option, written }: ResolvedValue): number => {
    if (written === undefined || option.secret || keys.at(-1) === "plugin") return 0;
    const key = keys.join(".");
    if (detail.includes(key)) return 1000 + key.length;
    const texts = (Array.isArray(written) ? written : [written]).filter(
      (text): text is string => typeof text === "string" && /[:/\\.]./.test(text) && standsIn(detail, text),
    );
    return Math.max(0, ...texts.map(({ length }) => length));
  };
  const [heaviest] = values
    .map((value) => ({ value, weighs: weight(value) }))
    .filter(({ weighs }) => weighs > 0)
    .sort((a, b) => b.weighs - a.weighs);
  return heaviest?.value;
}

/** True where it is no part of a longer word or number: `:80` does not stand in `:8080`. */
function standsIn(detail: string, text: string): boolean {
  const isWord = (at: number): boolean => /\w/.test(detail.charAt(at));
  for (let at = detail.indexOf(text); at >= 0; at = detail.indexOf(text, at + 1))
    if (!isWord(at - 1) && !isWord(at + text.length)) return true;
  return false;
}

const isSystemError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && "errno" in error && "syscall" in error;

/** What the operating system said, somewhere among the causes. */
function systemErrorOf(error: unknown): NodeJS.ErrnoException | undefined {
  let at = error;
  for (let depth = 0; depth < MOST_CAUSES; depth++) {
    if (isSystemError(at)) return at;
    at =
      at instanceof AggregateError ? at.errors[0] : (at as { readonly cause?: unknown } | undefined)?.cause;
    if (typeof at !== "object" || at === null) return undefined;
  }
  return undefined;
}

type Advice = (error: NodeJS.ErrnoException, option: string) => string;

const correctAddress: Advice = (_error, option) =>
  `nobody answers there: start what should, or correct the address${option}`;
const forbidden: Advice = ({ path }, option) =>
  path === undefined
    ? `the system does not allow it: take a port from 1024 on${option}, or give this user the right`
    : `give this user the right to ${resolve(path)}, or correct the path${option}`;

/** What to do about an error of the operating system, by its code. */
const ADVICE: Readonly<Record<string, Advice>> = {
  EADDRINUSE: (_error, option) =>
    `end the program that listens there (or this service, if it runs already), or choose another address${option}`,
  EADDRNOTAVAIL: (_error, option) =>
    `this machine has no such address: take one of its own${option}, or leave the host out, as in ':8080'`,
  ENOENT: ({ path }, option) =>
    path === undefined
      ? `correct the path${option}`
      : `there is no ${resolve(path)}: put it there, or correct the path${option}`,
  EACCES: forbidden,
  EPERM: forbidden,
  ECONNREFUSED: correctAddress,
  EHOSTUNREACH: correctAddress,
  ENETUNREACH: correctAddress,
  ETIMEDOUT: correctAddress,
  ENOTFOUND: (_error, option) => `no such name is known here: correct the address${option}`,
  EMFILE: () => "the process may not open more files: raise its limit (ulimit -n)",
};
