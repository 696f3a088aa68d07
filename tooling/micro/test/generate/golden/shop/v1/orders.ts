// Code generated from shop/v1/orders.proto by `micro generate`. DO NOT EDIT.
import { bidiStream, clientStream, defineContract, serverStream, unary } from "@micro/core";
import {
  defineEnum,
  defineFile,
  defineMessage,
  type EnumValue,
  type MessageType,
  type OneOf,
} from "@micro/core/message";
import {
  Duration,
  durationFile,
  Empty,
  emptyFile,
  Timestamp as GoogleProtobufTimestamp,
  timestampFile,
} from "@micro/core/wkt";
import { Money, moneyFile } from "./money.ts";
import { DateMessage, oddFile } from "./odd.ts";

/** `shop/v1/orders.proto`. */
export const ordersFile = defineFile({
  name: "shop/v1/orders.proto",
  package: "shop.v1",
  imports: [durationFile, emptyFile, timestampFile, moneyFile, oddFile],
});

/** What became of an order. */
export const State = defineEnum(ordersFile, "State", {
  STATE_UNKNOWN: 0,
  /** Somebody works on it. */
  STATE_OPEN: 1,
  /** @deprecated */
  STATE_ACTIVE: 1,
  STATE_LOST: -1,
});
export type State = EnumValue<typeof State>;

/**
 * An order of a customer. It has one or more items, and its price is that of its items together; this sentence is only in the comment.
 */
export type Order = {
  id: bigint;
  state: State;
  items: Order_Item[];
  prices: { [key: string]: Money };
  createdAt?: GoogleProtobufTimestamp | undefined;
  /** Free text. */
  note?: string | undefined;
  delivery?: Order_Delivery | undefined;
  signature: Uint8Array;
  points: bigint[];
  HTTPWeightsKg: number[];
  localTime?: Timestamp | undefined;
  took?: Duration | undefined;
} & OneOf<{
  /** Number of the card. */
  card: string;
  cash: Money;
  /** @deprecated */
  onAccount: boolean;
}> &
  OneOf<{
    street: string;
    shipWith: Order;
  }>;
export const Order: MessageType<Order> = defineMessage(
  ordersFile,
  "Order",
  () => ({
    id: { number: 1, type: "uint64" },
    state: { number: 2, type: State },
    items: { number: 3, type: Order_Item, repeated: true },
    prices: { number: 4, type: Money, map: "int32" },
    createdAt: { number: 5, type: GoogleProtobufTimestamp },
    note: { number: 6, type: "string", optional: true },
    delivery: { number: 7, type: Order_Delivery, optional: true },
    signature: { number: 8, type: "bytes", jsonName: "sig" },
    points: { number: 9, type: "sint64", repeated: true, packed: false },
    card: { number: 10, type: "string", oneof: "payment" },
    cash: { number: 11, type: Money, oneof: "payment" },
    onAccount: { number: 12, type: "bool", oneof: "payment", deprecated: true },
    street: { number: 13, type: "string", oneof: "address" },
    shipWith: { number: 14, type: Order, oneof: "address" },
    HTTPWeightsKg: { number: 15, type: "double", name: "HTTPWeights_kg", repeated: true },
    localTime: { number: 16, type: Timestamp },
    took: { number: 17, type: Duration },
  }),
  { description: "An order of a customer." },
);

/** Kinds of delivery. */
export const Order_Delivery = defineEnum(ordersFile, "Order.Delivery", {
  DELIVERY_UNKNOWN: 0,
  DELIVERY_MAIL: 1,
});
export type Order_Delivery = EnumValue<typeof Order_Delivery>;

/**
 * One line of an order.
 *
 * - sku: what
 * - count: how many
 */
export interface Order_Item {
  sku: string;
  count: number;
  /** Options, e.g. a color; *\/ ends no comment. */
  options: { [key: string]: string };
  parts: Order_Item[];
}
export const Order_Item: MessageType<Order_Item> = defineMessage(
  ordersFile,
  "Order.Item",
  () => ({
    sku: { number: 1, type: "string" },
    count: { number: 2, type: "uint32" },
    options: { number: 3, type: "string", map: "string" },
    parts: { number: 4, type: Order_Item, repeated: true },
  }),
  { description: "One line of an order." },
);

/** A message of ours that has the name of a well-known type. */
export interface Timestamp {
  year: number;
}
export const Timestamp: MessageType<Timestamp> = defineMessage(
  ordersFile,
  "Timestamp",
  () => ({
    year: { number: 1, type: "int32" },
  }),
  { description: "A message of ours that has the name of a well-known type." },
);

export interface GetOrderRequest {
  id: bigint;
}
export const GetOrderRequest: MessageType<GetOrderRequest> = defineMessage(
  ordersFile,
  "GetOrderRequest",
  () => ({
    id: { number: 1, type: "uint64" },
  }),
);

export interface ListOrdersRequest {
  pageSize: number;
}
export const ListOrdersRequest: MessageType<ListOrdersRequest> = defineMessage(
  ordersFile,
  "ListOrdersRequest",
  () => ({
    pageSize: { number: 1, type: "int32" },
  }),
);

export type RecordMessage = Record<string, never>;
export const RecordMessage: MessageType<RecordMessage> = defineMessage(ordersFile, "Record", () => ({}));

/** Orders of the shop. */
export const Orders = defineContract({
  name: "Orders",
  service: "shop.v1",
  file: ordersFile,
  description: "Orders of the shop.",
  methods: {
    /** Returns one order. */
    getOrder: unary({
      input: GetOrderRequest,
      output: Order,
      idempotent: true,
      description: "Returns one order.",
      http: [
        { method: "GET", path: "/v1/orders/{id}" },
        { method: "POST", path: "/v1/orders:get", body: "*" },
      ],
    }),
    /** Streams orders. */
    listOrders: serverStream({ input: ListOrdersRequest, output: Order, description: "Streams orders." }),
    upload: clientStream({ input: Order, output: Empty }),
    /** @deprecated */
    httpTalk: bidiStream({ input: Order_Item, output: Order_Item, name: "HTTPTalk", deprecated: true }),
    putAway: unary({ input: RecordMessage, output: DateMessage, name: "put_away", idempotent: true }),
  },
});

export const Record_Keeper = defineContract({
  name: "Record_Keeper",
  service: "shop.v1",
  file: ordersFile,
  methods: {},
});
