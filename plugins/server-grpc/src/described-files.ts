import { type Contract, contractTypeName, endpointName } from "@micro/core";
import { FileDescriptorProto, fileDescriptorOf } from "@micro/core/descriptor";
import {
  descriptorOf,
  type EnumType,
  enumDescriptorOf,
  isEnumType,
  isMessageType,
  type ProtoFile,
} from "@micro/core/message";
import { encodeSmall } from "./proto-writer.ts";

/** A file as reflection hands it out. */
export interface DescribedFile {
  readonly name: string;
  /** Names of the files it imports. */
  readonly dependencies: readonly string[];
  readonly bytes: Uint8Array;
}

/** The files behind a server's contracts, with everything they import. Made when somebody first asks. */
export class DescribedFiles {
  /** Full names of the services, in the order of the definition. */
  readonly services: readonly string[];
  readonly #contracts: readonly Contract[];
  readonly #files = new Map<string, ProtoFile>();
  readonly #described = new Map<string, DescribedFile>();
  /** The file of each service, method, message, field and enum, by full name. */
  #symbols: ReadonlyMap<string, ProtoFile> | undefined = undefined;

  /** Contracts without a file are left out. */
  constructor(contracts: Iterable<Contract>) {
    this.#contracts = [...new Set(contracts)].filter(({ file }) => file !== undefined);
    this.services = [...new Set(this.#contracts.map(contractTypeName))];
    for (const { file, methods } of this.#contracts) {
      if (file !== undefined) this.#collect(file);
      for (const { input, output } of Object.values(methods)) {
        for (const type of [input, output]) if (isMessageType(type)) this.#collect(descriptorOf(type).file);
      }
    }
  }

  /** The file of that name. */
  byName(name: string): DescribedFile | undefined {
    const known = this.#described.get(name);
    if (known !== undefined) return known;
    const file = this.#files.get(name);
    if (file === undefined) return undefined;
    const descriptor = fileDescriptorOf(file, this.#contracts);
    const described = {
      name,
      dependencies: descriptor.dependency,
      bytes: encodeSmall(FileDescriptorProto, descriptor),
    };
    this.#described.set(name, described);
    return described;
  }

  /** The file that says what a full name stands for. */
  bySymbol(symbol: string): DescribedFile | undefined {
    this.#symbols ??= this.#index();
    const file = this.#symbols.get(symbol);
    return file === undefined ? undefined : this.byName(file.name);
  }

  /** True for the full name of a message. */
  isMessage(name: string): boolean {
    return [...this.#files.values()].some(({ messages }) =>
      messages.some(({ typeName }) => typeName === name),
    );
  }

  #collect(file: ProtoFile): void {
    if (this.#files.has(file.name)) return;
    this.#files.set(file.name, file);
    for (const imported of file.imports) this.#collect(imported);
    for (const type of file.messages) {
      for (const field of descriptorOf(type).fields) {
        if (isMessageType(field.type)) this.#collect(descriptorOf(field.type).file);
        else if (isEnumType(field.type)) this.#collect(enumDescriptorOf(field.type).file);
      }
    }
  }

  #index(): ReadonlyMap<string, ProtoFile> {
    const symbols = new Map<string, ProtoFile>();
    for (const file of this.#files.values()) {
      for (const type of file.messages) {
        const { typeName, fields } = descriptorOf(type);
        symbols.set(typeName, file);
        for (const { name } of fields) symbols.set(`${typeName}.${name}`, file);
      }
      for (const type of file.enums) symbols.set(fullNameOf(type), file);
    }
    for (const contract of this.#contracts) {
      const { file } = contract;
      if (file === undefined) continue;
      const name = contractTypeName(contract);
      symbols.set(name, file);
      for (const key of Object.keys(contract.methods)) {
        const endpoint = endpointName(contract, key);
        symbols.set(`${name}.${endpoint.slice(endpoint.indexOf(".") + 1)}`, file);
      }
    }
    return symbols;
  }
}

function fullNameOf(type: EnumType): string {
  return enumDescriptorOf(type).typeName;
}
