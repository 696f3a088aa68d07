import { runService } from "@micro/core";
import { paymentsService } from "../payments.ts";
import { splitOptions } from "./options.ts";

await runService(paymentsService(), splitOptions);
