export { type FromCodeArguments, fromCodeFlags, runFromCode } from "./command.ts";
export { generateFromCode } from "./generate-from-code.ts";
