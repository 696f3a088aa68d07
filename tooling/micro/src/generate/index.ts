export { generateCommand } from "./command.ts";
export { type GenerateResult, generateFromProto } from "./generate.ts";
