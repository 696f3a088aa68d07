import { runService } from "@micro/core";
import { stockService } from "../stock.ts";
import { splitOptions } from "./options.ts";

await runService(stockService(), splitOptions);
