import { bidiStream, type Contract, defineContract } from "@micro/core";
import { defineFile, defineMessage, type FieldsOptions, type MessageType } from "@micro/core/message";

/** A reflection service of one generation: both have the same messages in different packages. */
export function reflectionContract(version: "v1" | "v1alpha"): Contract {
  const file = defineFile({
    name: `grpc/reflection/${version}/reflection.proto`,
    package: `grpc.reflection.${version}`,
  });
  // Only their descriptors are used, so that clients can read them; the bytes are written and read by hand.
  const type = (name: string, fields: () => FieldsOptions): MessageType<object> =>
    defineMessage(file, name, fields);
  const extension = type("ExtensionRequest", () => ({
    containingType: { number: 1, type: "string" },
    extensionNumber: { number: 2, type: "int32" },
  }));
  const request = type("ServerReflectionRequest", () => ({
    host: { number: 1, type: "string" },
    fileByFilename: { number: 3, type: "string", oneof: "message_request" },
    fileContainingSymbol: { number: 4, type: "string", oneof: "message_request" },
    fileContainingExtension: { number: 5, type: extension, oneof: "message_request" },
    allExtensionNumbersOfType: { number: 6, type: "string", oneof: "message_request" },
    listServices: { number: 7, type: "string", oneof: "message_request" },
  }));
  const files = type("FileDescriptorResponse", () => ({
    fileDescriptorProto: { number: 1, type: "bytes", repeated: true },
  }));
  const numbers = type("ExtensionNumberResponse", () => ({
    baseTypeName: { number: 1, type: "string" },
    extensionNumber: { number: 2, type: "int32", repeated: true },
  }));
  const service = type("ServiceResponse", () => ({ name: { number: 1, type: "string" } }));
  const services = type("ListServiceResponse", () => ({
    service: { number: 1, type: service, repeated: true },
  }));
  const error = type("ErrorResponse", () => ({
    errorCode: { number: 1, type: "int32" },
    errorMessage: { number: 2, type: "string" },
  }));
  const response = type("ServerReflectionResponse", () => ({
    validHost: { number: 1, type: "string" },
    originalRequest: { number: 2, type: request },
    fileDescriptorResponse: { number: 4, type: files, oneof: "message_response" },
    allExtensionNumbersResponse: { number: 5, type: numbers, oneof: "message_response" },
    listServicesResponse: { number: 6, type: services, oneof: "message_response" },
    errorResponse: { number: 7, type: error, oneof: "message_response" },
  }));
  return defineContract({
    name: "ServerReflection",
    service: file.package,
    file,
    methods: { serverReflectionInfo: bidiStream({ input: request, output: response }) },
  });
}
