import { asProgram } from "@micro/core";
import { openShop } from "./open-shop.ts";
import { createShop } from "./wire.gen.ts";

await asProgram(async () => openShop(await createShop()));
