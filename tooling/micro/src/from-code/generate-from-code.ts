import { join, relative, resolve } from "node:path";
import { type Contract, MicroError } from "@micro/core";
import { contractJsonSchema, serviceDescriptor } from "@micro/core/describe";
import {
  type Finding,
  mergeContracts,
  type NumberLock,
  type ProtoOptions,
  protoOf,
  type ServiceTypes,
} from "@micro/core/proto";
import {
  type FileState,
  isMarked,
  notOurs,
  type OutputFile,
  readIfPresent,
  writeText,
} from "../generate/output-file.ts";
import { readNumbers } from "./field-numbers.ts";
import { findContracts, refused } from "./find-contracts.ts";
import { changedTypes, PROTO_MARK, printProto } from "./print-proto.ts";
import { wireDifferences } from "./wire-differences.ts";

/** What {@link generateFromCode} is asked for. */
export interface FromCodeOptions {
  /** A module, TypeScript or JavaScript, that exports contracts or definitions. */
  readonly module: string;
  readonly outDir: string;
  /** What paths are relative to. @default the current folder */
  readonly baseDir?: string;
  /** Package of the `.proto` files. @default the service's name */
  readonly package?: string;
  /** `option go_package` of the `.proto` files. @default none */
  readonly goPackage?: string;
  /** What a text that is one of a few becomes. @default "string" */
  readonly enums?: "string" | "enum";
  /** `check` writes nothing. @default "write" */
  readonly mode?: "write" | "check";
}

/** A generated file. */
export interface FromCodeFile extends OutputFile {
  readonly state: FileState;
}

/** What came of it. */
export interface FromCodeResult {
  /** Names of the contracts. */
  readonly contracts: readonly string[];
  readonly files: readonly FromCodeFile[];
  /** What the `.proto` files cannot say exactly, and what clients should know. */
  readonly findings: readonly Finding[];
}

/**
 * Writes the `.proto` and the JSON Schema of the contracts of a module, one of each per service, so that Go and others
 * can call a service that was described in TypeScript. Fields keep the numbers that they have in a `.proto` written
 * before. Throws a MicroError that names the file or the path of what cannot be.
 */
export async function generateFromCode(options: FromCodeOptions): Promise<FromCodeResult> {
  const { module, outDir, baseDir = process.cwd(), enums = "string", mode = "write" } = options;
  const folder = resolve(baseDir, outDir);
  const contracts = await findContracts(module, baseDir);
  const source = relative(folder, resolve(baseDir, module)).replaceAll("\\", "/");
  const files: FromCodeFile[] = [];
  const findings: Finding[] = [];
  for (const types of byService(contracts)) {
    const path = join(folder, `${types.service}.proto`);
    const before = await readIfPresent(path);
    const lock = lockOf(before, shown(path, baseDir));
    const { goPackage, package: name } = options;
    const proto = mapped(types, { source, goPackage, package: name, enums: enums === "enum" });
    findings.push(
      ...proto.findings,
      ...changedTypes(proto.model, lock),
      ...wireDifferences(proto.model, lock),
    );
    files.push(compared({ path, text: printProto(proto.model, lock) }, before));
    files.push(await schemaFile(types, { folder, baseDir, source }));
  }
  if (mode === "write") for (const file of files) if (file.state !== "same") await writeText(file);
  return { contracts: contracts.map(({ name }) => name), files, findings };
}

function byService(contracts: readonly Contract[]): readonly ServiceTypes[] {
  const services = new Map<string, Contract[]>();
  for (const contract of contracts) {
    if (contract.file !== undefined) continue;
    if (!/^\w[\w.-]*$/.test(contract.service)) {
      throw refused(`${contract.name}: the service name '${contract.service}' makes no file name`);
    }
    const others = services.get(contract.service);
    if (others?.some(({ name }) => name === contract.name)) {
      throw refused(`${contract.service}.${contract.name}: two contracts of one service have this name`);
    }
    if (others === undefined) services.set(contract.service, [contract]);
    else others.push(contract);
  }
  if (services.size === 0) {
    const names = contracts.map(({ name }) => name).join(", ");
    throw refused(`${names}: made from a .proto file: that file describes them already`);
  }
  return [...services].map(([service, list]) => mergeContracts(service, list.map(serviceDescriptor)));
}

function mapped(types: ServiceTypes, options: ProtoOptions): ReturnType<typeof protoOf> {
  try {
    return protoOf(types, options);
  } catch (cause) {
    const { detail } = MicroError.from(cause);
    throw refused(detail.startsWith("package ") ? `${detail}: say one with --package` : detail, cause);
  }
}

function lockOf(before: string | undefined, shownPath: string): NumberLock {
  if (before === undefined) return new Map();
  if (!isMarked(before, PROTO_MARK)) throw notOurs(shownPath);
  return readNumbers(before, shownPath);
}

async function schemaFile(
  { service, descriptors }: ServiceTypes,
  { folder, baseDir, source }: { readonly folder: string; readonly baseDir: string; readonly source: string },
): Promise<FromCodeFile> {
  const path = join(folder, `${service}.schema.json`);
  const before = await readIfPresent(path);
  if (before !== undefined && !before.includes(PROTO_MARK)) throw notOurs(shown(path, baseDir));
  const schemas = descriptors.map(contractJsonSchema);
  const [first] = schemas;
  const schema = {
    $schema: first?.$schema,
    $comment: `Code generated from ${source} ${PROTO_MARK}`,
    title: service,
    $defs: Object.assign({}, ...schemas.map(({ $defs }) => $defs as object)) as object,
  };
  const file = compared({ path, text: `${JSON.stringify(schema, null, 2)}\n` }, before);
  return before !== undefined && sameJson(before, file.text) ? { ...file, state: "same" } : file;
}

/** Formatters have ideas of their own about JSON: only what it says counts. */
function sameJson(before: string, after: string): boolean {
  try {
    return JSON.stringify(JSON.parse(before)) === JSON.stringify(JSON.parse(after));
  } catch {
    // Damaged by hand: it is written anew.
    return false;
  }
}

function compared(file: OutputFile, before: string | undefined): FromCodeFile {
  return { ...file, state: before === undefined ? "new" : before === file.text ? "same" : "changed" };
}

function shown(path: string, baseDir: string): string {
  return relative(baseDir, path) || path;
}
