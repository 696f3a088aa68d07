export { freeUdpPort } from "./free-udp-port.ts";
export { type EndedProgram, type Program, type ProgramOptions, runProgram, startProgram } from "./program.ts";
export { type TemporaryFolder, temporaryFolder } from "./temporary-folder.ts";
