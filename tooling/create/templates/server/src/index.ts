export { sampleServer } from "./sample-server.ts";
