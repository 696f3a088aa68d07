export { sampleSelector } from "./sample-selector.ts";
