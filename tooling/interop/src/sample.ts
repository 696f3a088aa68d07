import type { MessageInit } from "@micro/core/message";
import { Colour, type Sample } from "./messages.ts";

/** A value for every field of {@link Sample} but the time. */
export const SAMPLE = {
  plainName: "a <b> & é",
  bigNumber: -9_007_199_254_740_993n,
  unsignedNumber: 18_446_744_073_709_551_615n,
  mainColour: Colour.DEEP_BLUE,
  rawBytes: Uint8Array.of(0, 1, 254, 255),
  allNumbers: [1n, -2n, 1n << 53n],
  countsByName: { one: 1, two: -2 },
  isSet: true,
  ratio: 0.5,
} satisfies MessageInit<Sample>;
/** The same as official JSON. */
export const SAMPLE_JSON = {
  plainName: SAMPLE.plainName,
  bigNumber: `${SAMPLE.bigNumber}`,
  unsignedNumber: `${SAMPLE.unsignedNumber}`,
  mainColour: "DEEP_BLUE",
  rawBytes: "AAH+/w==",
  allNumbers: ["1", "-2", "9007199254740992"],
  countsByName: { one: 1, two: -2 },
  isSet: true,
  ratio: 0.5,
};
/** The time. */
export const TIME = { madeAt: { seconds: 1_664_884_800n, nanos: 500_000_000 } };
/** The same as official JSON. */
export const TIME_JSON = { madeAt: "2022-10-04T12:00:00.500Z" };

/** Key order is no part of what a message says. */
export const sorted = (value: unknown): unknown =>
  Object.fromEntries(Object.entries(value as object).toSorted(([a], [b]) => (a < b ? -1 : 1)));
