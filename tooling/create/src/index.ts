export { KINDS, type Kind } from "./kinds.ts";
export { type MainOptions, main } from "./main.ts";
export { nextSteps } from "./next-steps.ts";
export { runProcess } from "./run-process.ts";
export { type Scaffolded, type ScaffoldOptions, scaffold } from "./scaffold.ts";
export { ScaffoldError } from "./scaffold-error.ts";
