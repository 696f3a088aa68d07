import type { Service } from "@micro/core";
import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";

/** What the processes of the tour are composed of: the defaults, and the registry for hosts without multicast. */
export const tourPlugins = [...defaults, fileRegistry] as const;

/** The name the tour gave this process. */
export const nodeName = (): string => process.env.TOUR_NODE ?? "greeter";

/** Tells the tour that this process serves, or whoever started it by hand. */
function announce({ server }: Service<typeof tourPlugins>): void {
  if (process.send === undefined) {
    console.log(`${server.nodeId} serves on ${server.address}; Ctrl-C ends it`);
    return;
  }
  // No node outlives its tour, also where that is killed.
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"));
  process.channel?.unref();
  process.send("ready");
}

/** The same for each process; the rest comes by flags. */
export const nodeOptions = () =>
  ({
    plugins: tourPlugins,
    configFile: false,
    server: { address: "127.0.0.1:0" },
    broker: { addresses: ["127.0.0.1:0"] },
    logger: { level: "warn" },
    hooks: { afterStart: announce },
  }) as const;
