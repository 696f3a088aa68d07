import { buildGoTools } from "./go-tools.ts";

/** Builds the Go programs that the testees meet, before the tests want them. */
const reason = await buildGoTools((line) => console.log(line));
if (reason !== undefined)
  console.log(`The Go programs are not built, and the tests with them will not run: ${reason}.`);
