import { definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { checkSubject, natsOptions, sharedLink } from "@micro/nats";
import { registry } from "@micro/registry";
import { NatsRegistry } from "./nats-registry.ts";

/** Service discovery over NATS, with both generations of Go Micro at once (spec 4.1). */
export const natsRegistry = definePlugin(registry, {
  name: "nats",
  config: {
    querySubjects: option.list({
      description: "Subjects on which nodes are asked for: those of Go Micro v5 and of its successor",
      default: ["micro.registry.nats.query", "micro.nats.query"],
    }),
    watchSubjects: option.list({
      description: "Subjects on which nodes tell that they come and go",
      default: ["micro.registry.nats.watch", "micro.nats.watch"],
    }),
    registerAction: option.choice(["create", "update", "put"], {
      description: "Word with which a node tells that it is there",
      default: "create",
    }),
    queryTimeout: option.duration({
      description: "How long answers to a question are collected; three times as long when a node is missing",
      default: "100ms",
    }),
    refreshInterval: option.duration({
      description: "Pause between the questions for watched services; a dead node is noticed by them",
      default: "15s",
    }),
    maxNodes: option.integer({
      description: "Most nodes that are remembered for watchers, and most that one question finds",
      default: 10_000,
      min: 1,
    }),
    natsServices: option.boolean({
      description: "Answer $SRV.PING, INFO and STATS, so that the command line of NATS lists these services",
      default: false,
    }),
    ...natsOptions,
  },
  needs: [logger],
  create: async ({ config, deps, scope }) => {
    const { addresses, querySubjects, watchSubjects } = config;
    for (const subject of [...querySubjects, ...watchSubjects]) checkSubject(subject, { wildcards: false });
    const link = await sharedLink({ scope, addresses, config, section: "registry" });
    return new NatsRegistry({ ...config, link, logger: deps.logger });
  },
});
