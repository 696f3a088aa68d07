// Code generated from shop/v1/money.proto by `micro generate`. DO NOT EDIT.
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";

/** `shop/v1/money.proto`. */
export const moneyFile = defineFile({ name: "shop/v1/money.proto", package: "shop.v1" });

/** An amount of money. */
export interface Money {
  /** Three letters of ISO 4217. */
  currencyCode: string;
  /** Whole units. */
  units: string;
  nanos: number;
}
export const Money: MessageType<Money> = defineMessage(
  moneyFile,
  "Money",
  () => ({
    currencyCode: { number: 1, type: "string" },
    units: { number: 2, type: "int64", int64: "string" },
    nanos: { number: 3, type: "int32" },
  }),
  { description: "An amount of money." },
);
