import { MicroError } from "@micro/core";
import type { QuicDriver } from "./driver.ts";
import type { QuicheBinding } from "./quiche-binding.ts";
import { dialQuiche } from "./quiche-dial.ts";
import { listenQuiche } from "./quiche-endpoint.ts";

/** Packages with the bindings of quiche, the default first. */
export const QUICHE_PACKAGES = ["@matrixai/quic", "@infisical/quic"] as const;
/** One of {@link QUICHE_PACKAGES}. */
export type QuichePackage = (typeof QUICHE_PACKAGES)[number];

/**
 * A driver on the bindings of quiche that a package brings. The package's own sockets, timers and streams are left
 * aside: they are several times slower, and end the process where a connection meets an internal error. Rejects with
 * `UNAVAILABLE` when the package is not installed or has nothing for this platform; the text says what to install.
 */
export async function quicheDriver(name: QuichePackage): Promise<QuicDriver> {
  const loaded = await tryLoad(name);
  if (typeof loaded === "string") throw noDriver([loaded]);
  return loaded;
}

/** The first of {@link QUICHE_PACKAGES} that works here. Rejects with `UNAVAILABLE`, naming what to install, where none does. */
export async function defaultDriver(): Promise<QuicDriver> {
  const problems: string[] = [];
  for (const name of QUICHE_PACKAGES) {
    const loaded = await tryLoad(name);
    if (typeof loaded !== "string") return loaded;
    problems.push(loaded);
  }
  throw noDriver(problems);
}

/** Whether a value can be a driver. */
export function isQuicDriver(value: unknown): value is QuicDriver {
  if (typeof value !== "object" || value === null) return false;
  const { name, listen, connect } = value as Partial<QuicDriver>;
  return typeof name === "string" && typeof listen === "function" && typeof connect === "function";
}

/** The driver, or why there is none. */
async function tryLoad(name: QuichePackage): Promise<QuicDriver | string> {
  let module: unknown;
  try {
    // Named one by one, so that bundlers and checkers of dependencies see what is meant.
    module = name === "@matrixai/quic" ? await import("@matrixai/quic") : await import("@infisical/quic");
  } catch (cause) {
    return `${name}: ${MicroError.from(cause).detail.split("\n")[0]}`;
  }
  const binding = bindingOf(module);
  if (binding === undefined) return `${name} exports no bindings of quiche`;
  return {
    name,
    listen: (options) => listenQuiche(binding, options),
    connect: (options) => dialQuiche(binding, options),
  };
}

function bindingOf(module: unknown): QuicheBinding | undefined {
  const { native } = module as { readonly native?: { readonly quiche?: object } };
  const binding = native?.quiche;
  return binding !== undefined && "Connection" in binding ? (binding as QuicheBinding) : undefined;
}

function noDriver(problems: readonly string[]): MicroError {
  const { platform, arch } = process;
  const which =
    platform === "linux" && arch.startsWith("arm") ? "@infisical/quic@1.0.8" : "@matrixai/quic@2.0.9";
  const detail = `the quic transport has no QUIC on ${platform}-${arch}: npm install ${which} (${problems.join("; ")})`;
  return new MicroError({ code: "UNAVAILABLE", notSent: true, detail });
}
