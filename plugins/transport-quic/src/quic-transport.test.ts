import { instantiate } from "@micro/core/conformance";
import { type TransportHarness, transportConformance } from "@micro/transport/conformance";
import { beforeEach, describe, test } from "vitest";
import { quicTransport } from "./index.ts";
import { loopbackCertificates, silentPeer, whyNoDriver } from "./testing/world.ts";

const tls = await loopbackCertificates();

const harnesses: Readonly<Record<string, TransportHarness>> = {
  "with certificates of an authority": {
    create: () => instantiate(quicTransport, { config: { tls } }),
    address: "127.0.0.1:0",
    silentPeer,
  },
  "with certificates made on the fly": {
    create: () => instantiate(quicTransport, { config: { tls: { insecureSkipVerify: true } } }),
    address: "127.0.0.1:0",
    silentPeer,
  },
  "on the fork for other platforms": {
    create: () => instantiate(quicTransport, { config: { tls, driver: "@infisical/quic" } }),
    address: "127.0.0.1:0",
    silentPeer,
  },
};

for (const [name, harness] of Object.entries(harnesses)) {
  describe(`transport conformance ${name}`, () => {
    beforeEach(async (context) => {
      const why = await whyNoDriver(name.includes("fork") ? "@infisical/quic" : undefined);
      if (why !== undefined) context.skip(why);
    });
    for (const c of transportConformance(harness)) test(c.name, () => c.run());
  });
}
