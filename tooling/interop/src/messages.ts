import { defineEnum, defineFile, defineMessage, type EnumValue, type MessageType } from "@micro/core/message";
import { Timestamp, timestampFile } from "@micro/core/wkt";

// The messages of go/peer/interop.proto.
const file = defineFile({ name: "interop.proto", package: "interop", imports: [timestampFile] });

/** Asks how a service is. */
export interface HealthRequest {
  service: string;
}
export const HealthRequest: MessageType<HealthRequest> = defineMessage(file, "HealthRequest", () => ({
  service: { number: 1, type: "string" },
}));

/** Says how it is. */
export interface StatsResponse {
  memory: bigint;
  requests: bigint;
}
export const StatsResponse: MessageType<StatsResponse> = defineMessage(file, "StatsResponse", () => ({
  memory: { number: 4, type: "uint64" },
  requests: { number: 7, type: "uint64" },
}));

/** An enum whose names and numbers both go over the wire, depending on the generation. */
export const Colour = defineEnum(file, "Colour", { NO_COLOUR: 0, RED: 1, DEEP_BLUE: 2 });
export type Colour = EnumValue<typeof Colour>;

/** One field of each sort whose JSON differs between the generations (spec 1.5). */
export interface Sample {
  plainName: string;
  bigNumber: bigint;
  unsignedNumber: bigint;
  mainColour: Colour;
  rawBytes: Uint8Array;
  madeAt?: Timestamp | undefined;
  allNumbers: bigint[];
  countsByName: { [key: string]: number };
  isSet: boolean;
  ratio: number;
}
export const Sample: MessageType<Sample> = defineMessage(file, "Sample", () => ({
  plainName: { number: 1, type: "string" },
  bigNumber: { number: 2, type: "int64" },
  unsignedNumber: { number: 3, type: "uint64" },
  mainColour: { number: 4, type: Colour },
  rawBytes: { number: 5, type: "bytes" },
  madeAt: { number: 6, type: Timestamp },
  allNumbers: { number: 7, type: "int64", repeated: true },
  countsByName: { number: 8, type: "int32", map: "string" },
  isSet: { number: 9, type: "bool" },
  ratio: { number: 10, type: "double" },
}));
