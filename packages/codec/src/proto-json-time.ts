import { kindOf, MessageProblem } from "@micro/core/message";
import type { Message, SpecialForm } from "./proto-json-special.ts";

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z: what RFC 3339 can say. */
const MIN_SECONDS = -62_135_596_800n;
const MAX_SECONDS = 253_402_300_799n;
/** About 10,000 years. */
const MAX_DURATION_SECONDS = 315_576_000_000n;
const MAX_NANOS = 999_999_999;

const RFC_3339 =
  /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;
const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

/** `2026-11-22T10:00:00.500Z`. */
export const TIMESTAMP: SpecialForm = {
  orFields: true,
  toJson(message) {
    const { seconds, nanos } = partsOf(message);
    checkTimestamp(seconds, nanos);
    const text = new Date(Number(seconds) * 1000).toISOString();
    return `${text.slice(0, "0001-01-01T00:00:00".length)}${fraction(nanos)}Z`;
  },
  fromJson(json) {
    if (typeof json !== "string") return checked(json as Message, checkTimestamp);
    const match = RFC_3339.exec(json);
    const [, local = "", digits, sign, hours, minutes] = match ?? [];
    const ms = match === null ? Number.NaN : Date.parse(`${local}Z`);
    // Date.parse makes 2 March of 30 February.
    if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, local.length) !== local) {
      throw new MessageProblem(`must be a time as 2026-11-22T10:00:00Z, not ${kindOf(json)}`);
    }
    const offset =
      sign === undefined ? 0 : (Number(hours) * 60 + Number(minutes)) * (sign === "-" ? -60 : 60);
    const seconds = BigInt(ms / 1000 - offset);
    const nanos = nanosOf(digits);
    checkTimestamp(seconds, nanos);
    return { seconds, nanos };
  },
};

/** `1.500s`. */
export const DURATION_FORM: SpecialForm = {
  orFields: true,
  toJson(message) {
    const { seconds, nanos } = partsOf(message);
    checkDuration(seconds, nanos);
    const sign = seconds < 0n || nanos < 0 ? "-" : "";
    return `${sign}${seconds < 0n ? -seconds : seconds}${fraction(Math.abs(nanos))}s`;
  },
  fromJson(json) {
    if (typeof json !== "string") return checked(json as Message, checkDuration);
    const match = DURATION.exec(json);
    if (match === null) throw new MessageProblem(`must be a duration as 1.5s, not ${kindOf(json)}`);
    const [, sign, whole = "", digits] = match;
    const [seconds, nanos] = [BigInt(whole), nanosOf(digits)];
    // 0 - nanos, because -0 is another number than 0.
    const parts = sign === "-" ? { seconds: -seconds, nanos: 0 - nanos } : { seconds, nanos };
    checkDuration(parts.seconds, parts.nanos);
    return parts;
  },
};

function partsOf({ seconds, nanos }: Message): { readonly seconds: bigint; readonly nanos: number } {
  return { seconds: BigInt(seconds as bigint | number | string), nanos: nanos as number };
}

function checked(message: Message, check: (seconds: bigint, nanos: number) => void): Message {
  const { seconds, nanos } = partsOf(message);
  check(seconds, nanos);
  return message;
}

function checkTimestamp(seconds: bigint, nanos: number): void {
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
    throw new MessageProblem(`must be a time from year 1 to 9999, not ${seconds} seconds after 1970`);
  }
  if (nanos < 0 || nanos > MAX_NANOS)
    throw new MessageProblem(`nanos must be 0 to ${MAX_NANOS}, not ${nanos}`);
}

function checkDuration(seconds: bigint, nanos: number): void {
  if (seconds < -MAX_DURATION_SECONDS || seconds > MAX_DURATION_SECONDS) {
    throw new MessageProblem(
      `must be a duration of at most ${MAX_DURATION_SECONDS} seconds, not ${seconds} seconds`,
    );
  }
  if (nanos < -MAX_NANOS || nanos > MAX_NANOS) {
    throw new MessageProblem(`nanos must be ${-MAX_NANOS} to ${MAX_NANOS}, not ${nanos}`);
  }
  if ((seconds < 0n && nanos > 0) || (seconds > 0n && nanos < 0)) {
    throw new MessageProblem(`seconds ${seconds} and nanos ${nanos} must have one sign`);
  }
}

/** Three, six or nine digits, as all implementations write them. */
function fraction(nanos: number): string {
  if (nanos === 0) return "";
  const digits = String(nanos).padStart(9, "0");
  if (digits.endsWith("000000")) return `.${digits.slice(0, 3)}`;
  return `.${digits.endsWith("000") ? digits.slice(0, 6) : digits}`;
}

function nanosOf(digits = ""): number {
  return Number(digits.padEnd(9, "0"));
}
