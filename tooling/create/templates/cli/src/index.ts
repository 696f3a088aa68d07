export { sampleCli } from "./sample-cli.ts";
