import { memoryBroker } from "@micro/broker-memory";
import { type AnyComponent, createMonolith, type ServiceDefinition } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { defaults } from "@micro/set-defaults";
import { memoryTransport } from "@micro/transport-memory";
import { ordersService } from "./orders.ts";
import { paymentsService } from "./payments.ts";
import { stockService } from "./stock.ts";
import { type Timing, timing } from "./timing.ts";

/** How {@link createShop} composes the shop. */
export interface ShopOptions {
  readonly report: (timing: Timing) => void;
  /** Services that live in the same process and are no part of the shop. @default none */
  readonly others?: readonly ServiceDefinition<readonly AnyComponent[]>[];
}

/** The whole shop in one process: no port is opened, nothing is sent, calls stay calls. */
export function createShop({ report, others = [] }: ShopOptions) {
  return createMonolith([stockService(), paymentsService(), ordersService(), ...others], {
    plugins: [...defaults, memoryRegistry, memoryTransport, memoryBroker],
    registry: { plugin: "memory" },
    transport: { plugin: "memory" },
    broker: { plugin: "memory" },
    logger: { level: "warn" },
    shared: ["registry", "transport", "broker"],
    middleware: { client: [timing(report)], handler: [timing(report)], subscriber: [timing(report)] },
  });
}
