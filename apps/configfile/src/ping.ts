import { runService } from "@micro/core";
import { player } from "./player.ts";
import { plugins } from "./plugins.ts";

// Which plugins run, and how, is said by the file: --config defaults.yaml or --config nats.yaml.
await runService(player("ping"), { plugins });
