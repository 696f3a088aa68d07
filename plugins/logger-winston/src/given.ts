import { MicroError } from "@micro/core";
import type { Logform, Logger as WinstonLogger } from "winston";
import type Transport from "winston-transport";

/** A format of winston, under a name of ours: the package that declares it is not ours to name in declarations. */
export interface WinstonFormat extends Logform.Format {}

/** A transport, or what makes one for this logger alone. */
export type GivenTransport = Transport | (() => Transport);

/** A logger of winston, or what makes one for this logger alone. */
export type GivenLogger = WinstonLogger | (() => WinstonLogger);

const has = <K extends string>(value: unknown, key: K): value is Record<K, unknown> =>
  typeof value === "object" && value !== null && key in value;

const isFunctionOf = (value: unknown, key: string): boolean =>
  has(value, key) && typeof value[key] === "function";

/** By its shape: a second copy of winston makes as good ones. */
const isTransport = (value: unknown): value is Transport =>
  isFunctionOf(value, "write") && isFunctionOf(value, "log") && isFunctionOf(value, "once");

const isWinstonLogger = (value: unknown): value is WinstonLogger =>
  isTransport(value) && has(value, "levels") && has(value, "transports");

/** A logger of winston, or a function that makes one. */
export const isGivenLogger = (value: unknown): value is GivenLogger =>
  typeof value === "function" || isWinstonLogger(value);

/** A list of transports and of functions that make them. */
export const isTransportList = (value: unknown): value is readonly GivenTransport[] =>
  Array.isArray(value) &&
  value.every((entry) => typeof entry === "function" || (isTransport(entry) && !isWinstonLogger(entry)));

/** A format of winston. */
export const isFormat = (value: unknown): value is WinstonFormat => isFunctionOf(value, "transform");

/** The transport, and whether it is this logger's own to end. Throws a MicroError where the function makes none. */
export function resolveTransport(given: GivenTransport): {
  readonly transport: Transport;
  readonly own: boolean;
} {
  if (typeof given !== "function") return { transport: given, own: false };
  const transport: unknown = given();
  if (isTransport(transport)) return { transport, own: true };
  throw refusal(
    "a function in logger.transports returned no winston transport: return one, such as new winston.transports.Http()",
  );
}

/** The logger, and whether it is ours to end. Throws a MicroError where the function makes none. */
export function resolveLogger(given: GivenLogger): {
  readonly winston: WinstonLogger;
  readonly own: boolean;
} {
  if (typeof given !== "function") return { winston: given, own: false };
  const winston: unknown = given();
  if (isWinstonLogger(winston)) return { winston, own: true };
  throw refusal(
    "the function in logger.winston returned no logger of winston: return winston.createLogger(…)",
  );
}

const refusal = (detail: string) => new MicroError({ code: "BAD_REQUEST", id: "logger-winston", detail });
