// Code generated from grpc/testing/messages.proto by `micro generate`. DO NOT EDIT.
import { defineEnum, defineFile, defineMessage, type EnumValue, type MessageType } from "@micro/core/message";

/** `grpc/testing/messages.proto`. */
export const messagesFile = defineFile({ name: "grpc/testing/messages.proto", package: "grpc.testing" });

/** A boolean that may be absent. */
export interface BoolValue {
  value: boolean;
}
export const BoolValue: MessageType<BoolValue> = defineMessage(
  messagesFile,
  "BoolValue",
  () => ({
    value: { number: 1, type: "bool" },
  }),
  { description: "A boolean that may be absent." },
);

/** What a body is made of. */
export const PayloadType = defineEnum(messagesFile, "PayloadType", {
  /** Zeros. */
  COMPRESSABLE: 0,
});
export type PayloadType = EnumValue<typeof PayloadType>;

/** A block of bytes. */
export interface Payload {
  type: PayloadType;
  body: Uint8Array;
}
export const Payload: MessageType<Payload> = defineMessage(
  messagesFile,
  "Payload",
  () => ({
    type: { number: 1, type: PayloadType },
    body: { number: 2, type: "bytes" },
  }),
  { description: "A block of bytes." },
);

/** The status that a call shall end with. */
export interface EchoStatus {
  code: number;
  message: string;
}
export const EchoStatus: MessageType<EchoStatus> = defineMessage(
  messagesFile,
  "EchoStatus",
  () => ({
    code: { number: 1, type: "int32" },
    message: { number: 2, type: "string" },
  }),
  { description: "The status that a call shall end with." },
);

/**
 * A unary request, which says what the reply shall be. Fields for tests of credentials and of balancers are left out.
 */
export interface SimpleRequest {
  responseType: PayloadType;
  /** In bytes. */
  responseSize: number;
  payload?: Payload | undefined;
  fillUsername: boolean;
  fillOauthScope: boolean;
  responseCompressed?: BoolValue | undefined;
  responseStatus?: EchoStatus | undefined;
  expectCompressed?: BoolValue | undefined;
  fillServerId: boolean;
}
export const SimpleRequest: MessageType<SimpleRequest> = defineMessage(
  messagesFile,
  "SimpleRequest",
  () => ({
    responseType: { number: 1, type: PayloadType },
    responseSize: { number: 2, type: "int32" },
    payload: { number: 3, type: Payload },
    fillUsername: { number: 4, type: "bool" },
    fillOauthScope: { number: 5, type: "bool" },
    responseCompressed: { number: 6, type: BoolValue },
    responseStatus: { number: 7, type: EchoStatus },
    expectCompressed: { number: 8, type: BoolValue },
    fillServerId: { number: 9, type: "bool" },
  }),
  { description: "A unary request, which says what the reply shall be." },
);

export interface SimpleResponse {
  payload?: Payload | undefined;
  username: string;
  oauthScope: string;
  serverId: string;
  hostname: string;
}
export const SimpleResponse: MessageType<SimpleResponse> = defineMessage(
  messagesFile,
  "SimpleResponse",
  () => ({
    payload: { number: 1, type: Payload },
    username: { number: 2, type: "string" },
    oauthScope: { number: 3, type: "string" },
    serverId: { number: 4, type: "string" },
    hostname: { number: 6, type: "string" },
  }),
);

/** One of the requests of a client stream. */
export interface StreamingInputCallRequest {
  payload?: Payload | undefined;
  expectCompressed?: BoolValue | undefined;
}
export const StreamingInputCallRequest: MessageType<StreamingInputCallRequest> = defineMessage(
  messagesFile,
  "StreamingInputCallRequest",
  () => ({
    payload: { number: 1, type: Payload },
    expectCompressed: { number: 2, type: BoolValue },
  }),
  { description: "One of the requests of a client stream." },
);

export interface StreamingInputCallResponse {
  /** Bytes of all bodies together. */
  aggregatedPayloadSize: number;
}
export const StreamingInputCallResponse: MessageType<StreamingInputCallResponse> = defineMessage(
  messagesFile,
  "StreamingInputCallResponse",
  () => ({
    aggregatedPayloadSize: { number: 1, type: "int32" },
  }),
);

/** One reply that is asked for. */
export interface ResponseParameters {
  size: number;
  /** Pause before it, in microseconds. */
  intervalUs: number;
  compressed?: BoolValue | undefined;
}
export const ResponseParameters: MessageType<ResponseParameters> = defineMessage(
  messagesFile,
  "ResponseParameters",
  () => ({
    size: { number: 1, type: "int32" },
    intervalUs: { number: 2, type: "int32" },
    compressed: { number: 3, type: BoolValue },
  }),
  { description: "One reply that is asked for." },
);

export interface StreamingOutputCallRequest {
  responseType: PayloadType;
  responseParameters: ResponseParameters[];
  payload?: Payload | undefined;
  responseStatus?: EchoStatus | undefined;
}
export const StreamingOutputCallRequest: MessageType<StreamingOutputCallRequest> = defineMessage(
  messagesFile,
  "StreamingOutputCallRequest",
  () => ({
    responseType: { number: 1, type: PayloadType },
    responseParameters: { number: 2, type: ResponseParameters, repeated: true },
    payload: { number: 3, type: Payload },
    responseStatus: { number: 7, type: EchoStatus },
  }),
);

export interface StreamingOutputCallResponse {
  payload?: Payload | undefined;
}
export const StreamingOutputCallResponse: MessageType<StreamingOutputCallResponse> = defineMessage(
  messagesFile,
  "StreamingOutputCallResponse",
  () => ({
    payload: { number: 1, type: Payload },
  }),
);
