import { defineContract, unary } from "@micro/core";
import { defineFile, defineMessage } from "@micro/core/message";

const file = defineFile({ name: "configfile/game.proto", package: "configfile" });

/** A ball on its way: message types can be written as JSON and as protobuf, whichever the configuration says. */
export interface Ball {
  /** Hits that are left. */
  readonly left: number;
  /** Who hit it, in order. */
  readonly hits: readonly string[];
}
/** A ball on its way. */
export const Ball = defineMessage<Ball>(file, "Ball", () => ({
  left: { number: 1, type: "int32" },
  hits: { number: 2, type: "string", repeated: true },
}));

/** The services that play. */
export type Player = "ping" | "pong";

/** What a player promises: to hit the ball back as long as hits are left, and to tell where it ended. */
export const playerContract = (service: Player) =>
  defineContract({ name: "Player", service, file, methods: { hit: unary({ input: Ball, output: Ball }) } });

/** Every hit is published here. */
export const HITS = "configfile.hits";
