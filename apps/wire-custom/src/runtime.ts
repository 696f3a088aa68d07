import { asProgram, createService } from "@micro/core";
import { definition, options } from "./composition.ts";
import { openShop } from "./open-shop.ts";

// The same service without generated code: the graph is worked out and a container filled when it starts.
await asProgram(async () => openShop(await createService(definition, options)));
