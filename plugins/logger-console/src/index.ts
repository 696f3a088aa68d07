export { consoleLogger } from "./console-logger.ts";
