export { natsRegistry } from "./plugin.ts";
