import { runService } from "@micro/core";
import { definition, options } from "./composition.ts";

// The same service without generated code: the graph is worked out and a container filled when it starts.
await runService(definition, options);
