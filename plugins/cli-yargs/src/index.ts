export { yargsCli } from "./yargs-cli.ts";
