export { sampleLogger } from "./sample-logger.ts";
