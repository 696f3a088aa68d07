import { runService } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";
import { mirror } from "./mirror.ts";

// `micro.yaml` of the folder it is started in says everything; flags and variables say nothing.
await runService(mirror, { plugins: [...defaults, fileRegistry], cli: { noFlags: true } });
