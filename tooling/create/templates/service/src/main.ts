import { runService } from "@micro/core";
import { plugins } from "./composition.ts";
import { sampleService } from "./sample.ts";

await runService(sampleService, { plugins: [...plugins] });
