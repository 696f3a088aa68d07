import { rpcClient } from "@micro/client-rpc";
import { jsonCodec } from "@micro/codec-json";
import { type ComponentSettings, createService, defineService, type Service } from "@micro/core";
import { consoleLogger } from "@micro/logger-console";
import { fileRegistry } from "@micro/registry-file";
import { memoryRegistry } from "@micro/registry-memory";
import { randomSelector } from "@micro/selector";
import { rpcServer } from "@micro/server-rpc";
import { httpTransport } from "@micro/transport-http";

const shared = [consoleLogger, jsonCodec, randomSelector, httpTransport, rpcClient] as const;

/** What only calls: real sockets, real files. */
export const clientStack = [...shared, fileRegistry] as const;

/** What also serves. */
export const serverStack = [...clientStack, rpcServer] as const;

/** What serves, and is found by nobody. */
export const hiddenStack = [...shared, rpcServer, memoryRegistry] as const;

/** Options of the components, as JSON carries them to another process. */
export type StackSettings = ComponentSettings<typeof serverStack>;

/** The settings every test begins with: nothing of the host is seen, and only problems are logged. */
export function settingsFor(folder: string, own: StackSettings = {}): StackSettings {
  return {
    ...own,
    logger: { level: "error", ...own.logger },
    registry: { path: folder, ...own.registry },
    server: { address: "127.0.0.1:0", ...own.server },
  };
}

/** A service that only calls, started. */
export async function startCaller(
  folder: string,
  own: ComponentSettings<typeof clientStack> = {},
): Promise<Service<typeof clientStack>> {
  const { server: _, ...settings } = settingsFor(folder, own);
  const service = await createService(defineService({ name: "caller" }), {
    plugins: clientStack,
    configFile: false,
    ...settings,
  });
  await service.start();
  return service;
}
