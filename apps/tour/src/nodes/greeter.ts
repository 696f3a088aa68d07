import { runService } from "@micro/core";
import { greeterNamed } from "../definitions.ts";
import { nodeName, nodeOptions } from "./options.ts";

await runService(greeterNamed(nodeName()), nodeOptions());
