import { definePlugin, option } from "@micro/core";
import { logger } from "@micro/logger";
import { registry } from "@micro/registry";
import { MdnsBackend } from "./mdns-backend.ts";

/** Service discovery by multicast DNS, byte-compatible with Go Micro (spec 3.2). */
export const mdnsRegistry = definePlugin(registry, {
  name: "mdns",
  config: {
    domain: option.string({
      description: "Domain of the names; services of other domains are not seen",
      default: "micro",
      pattern: /^[^.\s]+(\.[^.\s]+)*$/,
      expects: "must be a DNS name without a dot at the end, such as 'micro'",
    }),
    port: option.integer({ description: "UDP port of the group", default: 5353, min: 1, max: 65_535 }),
    group: option.string({
      description: "IPv4 multicast group",
      default: "224.0.0.251",
      pattern: /^2(2[4-9]|3\d)(\.\d{1,3}){3}$/,
      expects: "must be an IPv4 multicast address, such as '224.0.0.251'",
    }),
    interfaces: option.list({
      description:
        "Names or addresses of the network interfaces to use; none means all, or loopback where there is no other",
      default: [],
    }),
    ipv6: option.boolean({ description: "Use IPv6 too where the host has it", default: true }),
    group6: option.string({
      description: "IPv6 multicast group",
      default: "ff02::fb",
      pattern: /^ff[0-9a-f:]+$/i,
      expects: "must be an IPv6 multicast address, such as 'ff02::fb'",
    }),
    queryTimeout: option.duration({
      description:
        "How long answers to a question are collected; three times as long when somebody is missing",
      default: "100ms",
    }),
    announceInterval: option.duration({
      description: "Pause between the announcements of a node after the first three",
      default: "30s",
    }),
    refreshInterval: option.duration({
      description:
        "Pause between the questions for watched services; a dead node is noticed within two of them",
      default: "15s",
    }),
    maxNodes: option.integer({
      description: "Most nodes that are remembered for watchers, and most that one question finds",
      default: 10_000,
      min: 1,
    }),
    maxRecordSize: option.size({ description: "Largest JSON of one node, unpacked", default: "1MiB" }),
  },
  needs: [logger],
  create: ({ config, deps }) => new MdnsBackend(config, deps.logger),
});
