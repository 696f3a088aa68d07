export { natsBroker } from "./plugin.ts";
