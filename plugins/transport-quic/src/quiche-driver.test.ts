import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { QuicDriver } from "./driver.ts";
import { defaultDriver, QUICHE_PACKAGES, quicheDriver } from "./quiche-driver.ts";
import { call, loopbackCertificates, message, textOf, whyNoDriver, withTransport } from "./testing/world.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const tls = await loopbackCertificates();

afterEach(() => {
  for (const name of QUICHE_PACKAGES) vi.doUnmock(name);
});

/** As on a platform for which the package has nothing. */
function breakPackage(name: (typeof QUICHE_PACKAGES)[number]): void {
  vi.doMock(name, () => {
    throw new Error(`no native binding of ${name}`);
  });
}

test("the default package is taken, and where it does not load, the fork", async () => {
  expect((await defaultDriver()).name).toBe("@matrixai/quic");
  breakPackage("@matrixai/quic");
  expect((await defaultDriver()).name).toBe("@infisical/quic");
});

test("where no driver loads, the error names the package to install", async () => {
  for (const name of QUICHE_PACKAGES) breakPackage(name);
  await expect(defaultDriver()).rejects.toThrow(
    /^the quic transport has no QUIC on \w+-\w+: npm install @(matrixai|infisical)\/quic@[\d.]+ \(@matrixai\/quic: .*; @infisical\/quic: .*\)$/,
  );
  await expect(quicheDriver("@infisical/quic")).rejects.toMatchObject({ code: "UNAVAILABLE", notSent: true });
  await expect(withTransport({ tls }, async () => undefined)).rejects.toThrow(/npm install @/);
});

test("a package that has changed is told from one that works", async () => {
  vi.doMock("@matrixai/quic", () => ({ native: undefined }));
  await expect(quicheDriver("@matrixai/quic")).rejects.toThrow(
    /@matrixai\/quic exports no bindings of quiche/,
  );
});

test("another implementation is used where it is given, and only then", async () => {
  const used: string[] = [];
  const real = await quicheDriver("@matrixai/quic");
  const ownDriver: QuicDriver = {
    name: "own",
    listen: (options) => {
      used.push(`listen ${options.alpn}`);
      return real.listen(options);
    },
    connect: (options) => {
      used.push(`connect ${options.serverName}`);
      return real.connect(options);
    },
  };
  await withTransport({ tls, ownDriver }, async ({ listen, dial }) => {
    expect(textOf(await call(await dial(await listen()), message("hello")))).toBe("hello");
  });
  expect(used).toEqual(["listen micro/1", "connect 127.0.0.1"]);
  const wrong = { name: "own", listen: () => undefined } as unknown as QuicDriver;
  await expect(withTransport({ tls, ownDriver: wrong }, async () => undefined)).rejects.toThrow(
    /own_?[dD]river.*QuicDriver/s,
  );
});
