import { nullLogger } from "@micro/core";
import { openNetwork } from "./network.ts";

/** Options of {@link multicastAvailable}; the defaults are those of the plugin. */
export interface MulticastProbeOptions {
  /** @default 5353 */
  readonly port?: number;
  /** @default "224.0.0.251" */
  readonly group?: string;
  /** Names or addresses. @default all that are usable */
  readonly interfaces?: readonly string[];
  /** @default 500 */
  readonly timeoutMs?: number;
}

/**
 * Whether a packet sent to the group comes back on this host, tried for real within `timeoutMs`. Where it does not,
 * mdns finds nobody, and `reason` is a sentence for people. Never rejects.
 */
export async function multicastAvailable(
  options: MulticastProbeOptions = {},
): Promise<{ readonly ok: true } | { readonly ok: false; readonly reason: string }> {
  const { port = 5353, group = "224.0.0.251", interfaces = [], timeoutMs = 500 } = options;
  const name = `probe-${crypto.randomUUID()}.micro`;
  let heard: () => void = () => undefined;
  const back = new Promise<true>((resolve) => {
    heard = () => resolve(true);
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), timeoutMs);
  });
  try {
    const network = await openNetwork({
      port,
      group,
      group6: undefined,
      interfaces,
      logger: nullLogger,
      onQuery: (packet) => {
        if (packet.questions?.some((question) => question.name === name)) heard();
      },
      onResponse: () => undefined,
    });
    try {
      await network.ask(() => ({ type: "query", questions: [{ name, type: "PTR" }] }));
      if (await Promise.race([back, late])) return { ok: true };
    } finally {
      await network.close();
    }
    return {
      ok: false,
      reason: `multicast does not work on this host: a packet sent to ${group}:${port} did not come back within ${timeoutMs} ms`,
    };
  } catch (error) {
    return { ok: false, reason: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
