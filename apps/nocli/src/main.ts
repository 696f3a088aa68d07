import { runGreeter } from "./wire.gen.ts";

await runGreeter();
