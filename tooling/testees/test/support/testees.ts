import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type Program, startProgram } from "@micro/programs";

const material = fileURLToPath(new URL("../../../../plugins/server-grpc/test/tls/", import.meta.url));

/** Certificates for 127.0.0.1 and localhost. */
export const TLS = {
  ca: `${material}ca.pem`,
  cert: `${material}server.pem`,
  key: `${material}server.key`,
} as const;

/** A file of `src`. */
export function sourceOf(name: string): string {
  return fileURLToPath(new URL(`../../src/${name}.ts`, import.meta.url));
}

/** A server that listens. */
export interface RunningServer {
  readonly host: string;
  readonly port: string;
  stop(): Promise<unknown>;
}

/** Starts one of our testees and reads its ready line. */
export async function startTestee(
  name: string,
  args: readonly string[] = [],
): Promise<RunningServer & { readonly program: Program }> {
  const program = startProgram(sourceOf(name), { args });
  const { address } = JSON.parse(await program.line(/^\{"ready":true/)) as { readonly address: string };
  const at = address.lastIndexOf(":");
  return {
    program,
    host: address.slice(0, at),
    port: address.slice(at + 1),
    stop: () => program.stop(),
  };
}

/** Starts grpc-go's interop server. It says where it listens in its log only. */
export async function startGrpcGo(path: string, args: readonly string[] = []): Promise<RunningServer> {
  const child = spawn(path, ["-port", "0", ...args], {
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, GRPC_GO_LOG_SEVERITY_LEVEL: "info" },
  });
  const port = await listeningPort(child);
  return {
    host: "127.0.0.1",
    port,
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, "close");
    },
  };
}

async function listeningPort(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error("grpc-go's server has no standard error");
  const deadline = setTimeout(() => child.kill("SIGKILL"), 60_000);
  try {
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) {
      const port = /interop server listening on .*:(\d+)$/.exec(line)?.[1];
      if (port === undefined) continue;
      // What it logs later is not wanted, and must not fill the pipe.
      child.stderr.resume();
      return port;
    }
  } finally {
    clearTimeout(deadline);
  }
  throw new Error("grpc-go's server did not say where it listens within 20 s");
}
