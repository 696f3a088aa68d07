import { nullLogger } from "@micro/core";
import { type NatsLink, natsOptions, sharedLink } from "@micro/nats";

/** A connection without a transport: what Go sees and says. */
export interface RawLink extends AsyncDisposable {
  readonly link: NatsLink;
}

/** Connects to a server. Dispose of it. */
export async function rawLink(address: string): Promise<RawLink> {
  const config = Object.fromEntries(
    Object.entries(natsOptions).map(([key, { default: value }]) => [
      key,
      typeof value === "string" ? 2000 : value,
    ]),
  ) as unknown as Parameters<typeof sharedLink>[0]["config"];
  const link = await sharedLink({
    scope: { name: "raw", logger: nullLogger },
    config,
    addresses: [address],
    section: "raw",
  });
  await link.hold();
  return { link, [Symbol.asyncDispose]: () => link.release({ graceMs: 500 }) };
}
