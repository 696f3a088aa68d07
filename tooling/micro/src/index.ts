export { EXIT_CODES, type ExitCode } from "./exit-codes.ts";
export { type Interruption, type MainOptions, main } from "./main.ts";
