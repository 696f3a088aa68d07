export { fileRegistry } from "./file-registry.ts";
