import { defineService, runService } from "@micro/core";
import { type Logger, logger } from "@micro/logger";
import { plugins } from "../../src/plugins.ts";

const LEVELS = ["trace", "debug", "info", "warn", "error"] as const;

function probe(log: Logger): void {
  for (const level of LEVELS) log[level](`probe ${level}`);
}

/** The same plugins, each of which first writes a line of every level to its own logger. */
const probed = plugins.map((plugin) => {
  if (!["broker", "client", "registry", "server", "transport"].includes(plugin.component.name)) return plugin;
  return {
    ...plugin,
    needs: [...plugin.needs.filter(({ name }) => name !== "logger"), logger],
    create: (context: { readonly deps: { readonly logger: Logger } }) => {
      probe(context.deps.logger);
      return plugin.create(context as never);
    },
  };
});

const definition = defineService({ name: "probes", needs: [logger] });
await runService(definition, {
  plugins: probed as unknown as typeof plugins,
  hooks: {
    beforeStart: (service) => probe(service.logger),
    afterStart: (service) => void setImmediate(() => void service.stop()),
  },
});
