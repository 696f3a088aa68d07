import { needingMulticast } from "../multicast.ts";
import type { Row } from "../row.ts";
import { behaviourRows } from "./behaviour.ts";
import { brokerRows } from "./broker.ts";
import { codecRows } from "./codecs.ts";
import { grpcRows } from "./grpc.ts";
import { mdnsRows } from "./mdns.ts";
import { natsRows } from "./nats.ts";
import { streamRows } from "./streams.ts";
import { tlsRows } from "./tls.ts";
import { unaryRows } from "./unary.ts";
import { wireRows } from "./wire.ts";

/** Letters in the order of the specification's matrix. */
const LAYERS = "RSGMNB";
const numberOf = ({ row }: Row): number => Number(row.slice(1));
const layerOf = ({ row }: Row): number => LAYERS.indexOf(row.charAt(0));

/** The matrix, in the order of spec 11. */
export const ROWS: readonly Row[] = [
  ...unaryRows,
  ...codecRows,
  ...wireRows,
  ...behaviourRows,
  ...tlsRows,
  ...streamRows,
  ...grpcRows,
  ...natsRows,
  ...needingMulticast([...mdnsRows, ...brokerRows]),
].sort((a, b) => layerOf(a) - layerOf(b) || numberOf(a) - numberOf(b));
