// One process of the test: registers a node in the folder of argv, says so, and stops on SIGTERM.
import { instantiate } from "@micro/core/conformance";
import { fileRegistry } from "@micro/registry-file";

const [path = "", id = "", heartbeat = "5s"] = process.argv.slice(2);
const registry = await instantiate(fileRegistry, { config: { path, heartbeat } });
await registry.start?.({ signal: AbortSignal.timeout(5000) });
await registry.register({
  name: "member",
  version: "v1",
  metadata: {},
  endpoints: [],
  nodes: [{ id, address: "127.0.0.1:1", metadata: {} }],
});
// Background timers keep no process alive.
const alive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void registry.stop?.({ graceMs: 1000 });
});
process.stdout.write("registered\n");
