export { winstonLogger } from "./winston-logger.ts";
