// Code generated from pricing.proto by `micro generate`. DO NOT EDIT.
import { defineContract, unary } from "@micro/core";
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";

/** `pricing.proto`. */
export const pricingFile = defineFile({ name: "pricing.proto", package: "pricing.v1" });

export interface QuoteRequest {
  sku: string;
  quantity: number;
}
export const QuoteRequest: MessageType<QuoteRequest> = defineMessage(pricingFile, "QuoteRequest", () => ({
  sku: { number: 1, type: "string" },
  quantity: { number: 2, type: "uint32" },
}));

export interface QuoteReply {
  totalCents: number;
  /** For whom the price was made, as the metadata of the call says. */
  tenant: string;
}
export const QuoteReply: MessageType<QuoteReply> = defineMessage(pricingFile, "QuoteReply", () => ({
  totalCents: { number: 1, type: "int64", int64: "number" },
  tenant: { number: 2, type: "string" },
}));

/** Knows what things cost. */
export const Pricing = defineContract({
  name: "Pricing",
  service: "pricing",
  file: pricingFile,
  description: "Knows what things cost.",
  methods: {
    /** Says what a number of one article costs. */
    quote: unary({
      input: QuoteRequest,
      output: QuoteReply,
      idempotent: true,
      description: "Says what a number of one article costs.",
    }),
  },
});
