export { sampleClient } from "./sample-client.ts";
