export { type GenerateArguments, type GenerateCommand, generateCommand } from "./command.ts";
export {
  type GeneratedFile,
  type GenerateOptions,
  type GenerateResult,
  generateFromProto,
} from "./generate.ts";
export type { ImportExtension } from "./imports.ts";
export type { FileState } from "./output-file.ts";
