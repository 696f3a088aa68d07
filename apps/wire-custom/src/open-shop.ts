import type { Client } from "@micro/client";
import { MicroError } from "@micro/core";
import { shopContract } from "./shop.ts";

/** What a service must have for this: both wirings give it. */
export interface OpenShop {
  readonly client: Client;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Sells something and closes the shop. */
export async function openShop(service: OpenShop): Promise<void> {
  await service.start();
  try {
    const { buy } = service.client.of(shopContract);
    await buy({ article: "coffee", count: 2 });
    await buy({ article: "cake", count: 1 });
    await buy({ article: "car", count: 1 });
  } catch (error) {
    console.log(MicroError.from(error).detail);
  } finally {
    await service.stop();
  }
}
