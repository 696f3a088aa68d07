import { serverConformance } from "@micro/server/conformance";
import { serverHarness } from "./server-worlds.ts";
const only = process.argv[3];
for (const way of (process.argv[2] ?? "http,memory").split(",")) for (const { name, run } of serverConformance(serverHarness(way as any))) {
  if (only && !name.includes(only)) continue;
  const t = performance.now();
  try { await run(); console.log("ok  ", way, name, Math.round(performance.now() - t)); } catch (e) { console.log("FAIL", way, name, e); }
}
