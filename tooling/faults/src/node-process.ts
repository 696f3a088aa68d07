/** One node of the service under test: a process of its own that its parent kills, freezes or asks. */
import { setTimeout } from "node:timers/promises";
import { createService } from "@micro/core";
import type { NodeMessage, NodePlan, NodeQuestion, NodeReport } from "./control.ts";
import { HandlerLog, probeService } from "./probe-service.ts";
import { serverStack, settingsFor } from "./stack.ts";

const tell = (message: NodeMessage): void => {
  // The parent may have gone; then there is nobody to tell.
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
};
const complain = (kind: string) => (reason: unknown) =>
  tell({ type: "complaint", text: `${kind}: ${reason instanceof Error ? reason.stack : String(reason)}` });

// Whatever reaches these was handled by nobody: the parent's test fails with it.
process.on("unhandledRejection", complain("unhandledRejection"));
process.on("uncaughtException", complain("uncaughtException"));
process.on("warning", (warning) => {
  // Of Node's own state, not of ours.
  if (warning.name !== "ExperimentalWarning") complain("warning")(warning);
});

const plan = JSON.parse(process.argv[2] ?? "") as NodePlan;
const log = new HandlerLog((event) => tell({ type: "handler", event }));
const service = await createService(
  probeService({ node: plan.node, log, ...(plan.service === undefined ? {} : { name: plan.service }) }),
  { plugins: serverStack, configFile: false, ...settingsFor(plan.folder, plan.settings) },
);

function report(): NodeReport {
  const { heapUsed, external, rss } = process.memoryUsage();
  const { once, echoes, flooded, sipped } = log;
  const { active, health } = service.server;
  const sockets = process.getActiveResourcesInfo().filter((name) => name.startsWith("TCP")).length;
  const held = { heldBytes: heapUsed + external, rssBytes: rss, sockets };
  return { once: Object.fromEntries(once), echoes, flooded, sipped, active, health, ...held };
}

async function answer({ question, collect }: NodeQuestion): Promise<void> {
  // Buffers are freed some turns after their objects.
  for (let turn = 0; collect && turn < 3; turn++) {
    globalThis.gc?.();
    await setTimeout(5);
  }
  tell({ type: "report", question, report: report() });
}

process.on("message", (question: NodeQuestion) => void answer(question));
// Without a parent there is nobody to stop it.
const orphaned = (): never => process.exit(1);
process.on("disconnect", orphaned);

const running = service.run();
await service.start();
tell({ type: "ready", address: service.server.address ?? "", nodeId: service.server.nodeId });
await running.catch((error: unknown) => {
  // As a program without a net would end: with words, and not with 0.
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
// The process has to end by itself now: whatever keeps it alive is a leak that the parent's deadline finds.
process.off("disconnect", orphaned);
process.disconnect();
