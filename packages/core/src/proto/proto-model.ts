import type { HttpRule } from "../contract.ts";

/** A `.proto` file to be, before its fields have numbers. */
export interface ProtoModel {
  readonly package: string;
  readonly goPackage: string | undefined;
  /** What it was made from, as the head of the file says it. */
  readonly source: string;
  readonly imports: readonly string[];
  readonly services: readonly ProtoService[];
  readonly messages: readonly ProtoMessage[];
}

/** A service of the file. */
export interface ProtoService {
  readonly name: string;
  readonly comment: readonly string[];
  readonly deprecated: boolean;
  readonly methods: readonly ProtoMethod[];
}

/** One method. */
export interface ProtoMethod {
  readonly name: string;
  readonly comment: readonly string[];
  readonly request: string;
  readonly reply: string;
  readonly streamsRequests: boolean;
  readonly streamsReplies: boolean;
  readonly idempotent: boolean;
  readonly deprecated: boolean;
  /** A printed file writes them as `google.api.http`, and then imports what declares that option. */
  readonly http: readonly HttpRule[];
}

/** A message with the enums inside it. */
export interface ProtoMessage {
  readonly name: string;
  readonly comment: readonly string[];
  readonly deprecated: boolean;
  readonly fields: readonly ProtoField[];
  readonly enums: readonly ProtoEnum[];
}

/** One field. */
export interface ProtoField {
  readonly name: string;
  /** Where it is not what protoc would make of the name. */
  readonly jsonName: string | undefined;
  /** `double`, `Item`, `map<string, Item>`. */
  readonly type: string;
  readonly label: "" | "optional" | "repeated";
  /** Its schema refuses a value without it. */
  readonly required: boolean;
  /** Its schema takes null. */
  readonly nullable: boolean;
  readonly comment: readonly string[];
  readonly deprecated: boolean;
}

/** An enum inside a message; its first value is 0. */
export interface ProtoEnum {
  readonly name: string;
  readonly values: readonly string[];
}

/** What could not be said in a `.proto`, and what was done about it. */
export interface Finding {
  /** `Orders.Place.request.items`. */
  readonly path: string;
  readonly text: string;
}
