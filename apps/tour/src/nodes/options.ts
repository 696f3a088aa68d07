import { fileRegistry } from "@micro/registry-file";
import { defaults } from "@micro/set-defaults";

/** What the processes of the tour are composed of: the defaults, and the registry for hosts without multicast. */
export const tourPlugins = [...defaults, fileRegistry] as const;

/** The name the tour gave this process. */
export const nodeName = (): string => process.env.TOUR_NODE ?? "greeter";

/** The same for each process; the rest comes by flags. */
export const nodeOptions = () =>
  ({
    plugins: tourPlugins,
    configFile: false,
    server: { address: "127.0.0.1:0" },
    broker: { addresses: ["127.0.0.1:0"] },
    logger: { level: "warn" },
    // Tells the tour, which started this process, that it serves.
    hooks: { afterStart: () => void process.send?.("ready") },
  }) as const;
