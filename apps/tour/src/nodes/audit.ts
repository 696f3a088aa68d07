import { runService } from "@micro/core";
import { auditService } from "../definitions.ts";
import { nodeOptions } from "./options.ts";

await runService(auditService(), nodeOptions());
