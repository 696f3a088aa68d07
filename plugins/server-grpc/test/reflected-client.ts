import { Client, credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { within } from "@micro/core/conformance";
import protobuf, { type Type } from "protobufjs";
import descriptor from "protobufjs/ext/descriptor.js";

const reflection = protobuf.parse(`
  syntax = "proto3";
  package grpc.reflection.v1;
  message ServerReflectionRequest {
    oneof message_request {
      string file_containing_symbol = 4;
      string list_services = 7;
    }
  }
  message FileDescriptorResponse { repeated bytes file_descriptor_proto = 1; }
  message ServiceResponse { string name = 1; }
  message ListServiceResponse { repeated ServiceResponse service = 1; }
  message ErrorResponse { int32 error_code = 1; string error_message = 2; }
  message ServerReflectionResponse {
    oneof message_response {
      FileDescriptorResponse file_descriptor_response = 4;
      ListServiceResponse list_services_response = 6;
      ErrorResponse error_response = 7;
    }
  }
`).root;
const Request = reflection.lookupType("ServerReflectionRequest");
const Response = reflection.lookupType("ServerReflectionResponse");

interface ReflectionReply {
  readonly fileDescriptorResponse?: { readonly fileDescriptorProto: readonly Uint8Array[] };
  readonly listServicesResponse?: { readonly service: readonly { readonly name: string }[] };
  readonly errorResponse?: { readonly errorMessage: string };
}

/**
 * A gRPC client of a standard kind that knows an address and nothing else: it asks for the descriptors, and speaks with
 * grpc-js and protobufjs. Nothing of it is ours.
 */
export class ReflectedClient {
  readonly #client: Client;
  readonly #services = new Map<string, protobuf.Root>();

  constructor(address: string) {
    this.#client = new Client(address, credentials.createInsecure());
  }

  close(): void {
    this.#client.close();
  }

  /** Full names of the services that the server tells of. */
  async services(): Promise<readonly string[]> {
    const { listServicesResponse } = await this.#ask({ listServices: "*" });
    return (listServicesResponse?.service ?? []).map(({ name }) => name);
  }

  /** The types of a service, as its descriptors say them. */
  async describe(service: string): Promise<protobuf.Root> {
    const known = this.#services.get(service);
    if (known !== undefined) return known;
    const { fileDescriptorResponse, errorResponse } = await this.#ask({ fileContainingSymbol: service });
    if (fileDescriptorResponse === undefined) throw new Error(errorResponse?.errorMessage ?? "no answer");
    const file = fileDescriptorResponse.fileDescriptorProto.map((bytes) =>
      descriptor.FileDescriptorProto.decode(bytes),
    );
    const all = descriptor.FileDescriptorSet.encode(descriptor.FileDescriptorSet.create({ file })).finish();
    const root = protobuf.Root.fromDescriptor(all);
    root.resolveAll();
    this.#services.set(service, root);
    return root;
  }

  /** Calls `package.Service/Method` with one request or several; resolves with the replies. */
  async call(path: string, ...requests: readonly object[]): Promise<readonly unknown[]> {
    const [service = "", name = ""] = path.split("/");
    const root = await this.describe(service);
    const method = root.lookupService(service).methods[name];
    method?.resolve();
    if (method === undefined) throw new Error(`${service} has no method ${name}`);
    const input = method.resolvedRequestType as Type;
    const output = method.resolvedResponseType as Type;
    const write = (value: object): Buffer => {
      const problem = input.verify(value);
      if (problem !== null) throw new Error(problem);
      return Buffer.from(input.encode(input.fromObject(value)).finish());
    };
    return this.#exchange(
      { path: `/${path}`, write, read: (bytes) => output.toObject(output.decode(bytes)) },
      requests,
    );
  }

  async #ask(request: object): Promise<ReflectionReply> {
    const path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    const write = (value: object) => Buffer.from(Request.encode(Request.fromObject(value)).finish());
    const read = (bytes: Buffer) => Response.toObject(Response.decode(bytes));
    const [reply] = await this.#exchange({ path, write, read }, [request]);
    return reply as ReflectionReply;
  }

  /** All kinds of methods look alike on the wire. */
  async #exchange(
    {
      path,
      write,
      read,
    }: {
      readonly path: string;
      readonly write: (value: object) => Buffer;
      readonly read: (bytes: Buffer) => unknown;
    },
    requests: readonly object[],
  ): Promise<readonly unknown[]> {
    const stream = this.#client.makeBidiStreamRequest(path, write, read, new Metadata());
    const replies: unknown[] = [];
    const ended = new Promise<void>((resolve, reject) => {
      stream.on("data", (reply: unknown) => replies.push(reply));
      stream.on("end", resolve);
      stream.on("error", (error: ServiceError) => reject(error));
    });
    for (const request of requests) stream.write(request);
    stream.end();
    await within(path, ended);
    return replies;
  }
}
