import { runService } from "@micro/core";
import { ordersService } from "../orders.ts";
import { splitOptions } from "./options.ts";

await runService(ordersService(), splitOptions);
