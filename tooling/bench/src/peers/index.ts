import type { Peer } from "./peer.ts";

/** Every peer by name, loaded only in the process that runs it; the order is the order of the table. */
const loaders: Readonly<Record<string, () => Promise<Peer>>> = {
  micro: async () => (await import("./micro.ts")).micro,
  "raw-tcp": async () => (await import("./raw-tcp.ts")).rawTcp,
  "raw-http": async () => (await import("./raw-http.ts")).rawHttp,
  "http-undici": async () => (await import("./http-undici.ts")).httpUndici,
  "nest-tcp": async () => (await import("./nest-tcp.ts")).nestTcp,
  "moleculer-tcp": async () => (await import("./moleculer-tcp.ts")).moleculerTcp,
  "micro-grpc": async () => (await import("./micro-grpc.ts")).microGrpc,
  "grpc-js": async () => (await import("./grpc-js.ts")).grpcJs,
  "micro-local": async () => (await import("./micro-local.ts")).microLocal,
  "micro-local-async": async () => (await import("./micro-local.ts")).microLocalAsync,
  "moleculer-local": async () => (await import("./moleculer-local.ts")).moleculerLocal,
  "plain-async": async () => (await import("./plain-async.ts")).plainAsync,
};

const local: ReadonlySet<string> = new Set([
  "micro-local",
  "micro-local-async",
  "moleculer-local",
  "plain-async",
]);

/** The names of all peers. */
export const peerNames: readonly string[] = Object.keys(loaders);

/** True for a peer whose server and client share a process. */
export function isLocal(name: string): boolean {
  return local.has(name);
}

/** Imports one peer; throws if there is none of that name. */
export async function loadPeer(name: string): Promise<Peer> {
  const load = loaders[name];
  if (load === undefined) throw new Error(`there is no peer ${name}; there are ${peerNames.join(", ")}`);
  return load();
}
