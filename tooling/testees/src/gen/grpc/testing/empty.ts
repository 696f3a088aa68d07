// Code generated from grpc/testing/empty.proto by `micro generate`. DO NOT EDIT.
import { defineFile, defineMessage, type MessageType } from "@micro/core/message";

/** `grpc/testing/empty.proto`. */
export const emptyFile = defineFile({ name: "grpc/testing/empty.proto", package: "grpc.testing" });

/** Nothing. */
export type Empty = Record<string, never>;
export const Empty: MessageType<Empty> = defineMessage(emptyFile, "Empty", () => ({}), {
  description: "Nothing.",
});
