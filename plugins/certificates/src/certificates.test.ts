import { createPrivateKey, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import tls from "node:tls";
import { MicroError } from "@micro/core";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CertificateOptions,
  createAuthority,
  type IssuedCertificate,
  type KeyType,
  openAuthority,
  selfSignedCertificate,
} from "./index.ts";

const HOSTS = ["localhost", "127.0.0.1", "::1", "*.example.com", "2001:db8::1:2"];
const DAY_MS = 86_400_000;
const keyTypes: readonly (readonly [KeyType, string])[] = [
  ["ecdsa", "ec"],
  ["ed25519", "ed25519"],
  ["rsa", "rsa"],
];

/** The certificate that a client which trusts `ca` gets to see, or why it refuses. */
async function handshake(
  server: tls.TlsOptions,
  client: tls.ConnectionOptions,
): Promise<tls.PeerCertificate | string> {
  const listener = tls.createServer(server, (socket) => socket.resume());
  listener.on("tlsClientError", (_error, socket) => socket.destroy());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const socket = tls.connect({ port, host: "127.0.0.1", ...client });
  try {
    await once(socket, "secureConnect");
    return socket.getPeerCertificate();
  } catch (error) {
    return (error as Error).message;
  } finally {
    socket.destroy();
    listener.close();
  }
}

const serverOf = ({ cert, key }: IssuedCertificate): tls.TlsOptions => ({ cert, key });

describe.each(keyTypes)("a %s key", (keyType, nodeName) => {
  test("self-signed, says what it was told and signs no others", async () => {
    const before = Date.now();
    const { cert, key, ca, fingerprint, validUntil } = await selfSignedCertificate({ hosts: HOSTS, keyType });
    const certificate = new X509Certificate(cert);
    expect(ca).toBe(cert);
    expect(certificate.fingerprint256).toBe(fingerprint);
    expect(certificate.subject).toBe("O=Micro");
    expect(certificate.issuer).toBe("O=Micro");
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(certificate.publicKey.asymmetricKeyType).toBe(nodeName);
    expect(certificate.subjectAltName).toBe(
      "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1, DNS:*.example.com, IP Address:2001:DB8:0:0:0:0:1:2",
    );
    expect(validUntil.getTime()).toBe(Date.parse(certificate.validTo));
    expect(Math.abs(validUntil.getTime() - before - 365 * DAY_MS)).toBeLessThan(10_000);
    expect(Date.parse(certificate.validFrom)).toBeLessThan(before);
    expect(certificate.serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  });

  test("of a server is trusted by who trusts its authority, by nobody else, and for no other name", async () => {
    const authority = await createAuthority({ keyType });
    const issued = await authority.issue({ hosts: HOSTS, keyType });
    expect(issued.ca).toBe(authority.cert);
    const seen = await handshake(serverOf(issued), { ca: issued.ca });
    expect(seen).toMatchObject({ subject: { O: "Micro" }, issuer: { CN: "Micro development CA" } });
    const other = await createAuthority({ keyType });
    expect(await handshake(serverOf(issued), { ca: other.cert })).toMatch(/certificate/);
    expect(await handshake(serverOf(issued), { ca: issued.ca, servername: "evil.example" })).toMatch(
      /evil\.example/,
    );
    expect(await handshake(serverOf(issued), { ca: issued.ca, servername: "a.example.com" })).toMatchObject({
      subject: { O: "Micro" },
    });
  });

  test("self-signed, is trusted by who trusts it", async () => {
    const own = await selfSignedCertificate({ hosts: ["127.0.0.1"], keyType });
    expect(await handshake(serverOf(own), { ca: own.ca })).toMatchObject({ subject: { O: "Micro" } });
    expect(await handshake(serverOf(own), {})).toMatch(/self-signed/);
  });
});

test("an authority is one, and can be taken up again from its texts", async () => {
  const authority = await createAuthority({ organization: "Acme Co", validDays: 30 });
  const certificate = new X509Certificate(authority.cert);
  expect(certificate.ca).toBe(true);
  expect(certificate.subject).toBe("O=Acme Co\nCN=Acme Co development CA");
  const again = openAuthority({ cert: authority.cert, key: authority.key });
  const issued = await again.issue({ hosts: ["127.0.0.1"] });
  expect(await handshake(serverOf(issued), { ca: authority.cert })).toMatchObject({
    issuer: { O: "Acme Co" },
  });
  // Not valid beyond the authority.
  expect(issued.validUntil).toEqual(authority.validUntil);
});

test("a client's certificate needs no hosts, and is for clients only", async () => {
  const authority = await createAuthority();
  const server = { ...serverOf(await authority.issue({ hosts: ["127.0.0.1"] })), ca: authority.cert };
  const { cert, key } = await authority.issue({ hosts: [], usages: ["client"] });
  const asking = { ...server, requestCert: true, rejectUnauthorized: true };
  const shown = await new Promise<tls.PeerCertificate | string>((resolve) => {
    const listener = tls.createServer(asking, (socket) => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
      listener.close();
    });
    listener.on("tlsClientError", (error) => {
      resolve(error.message);
      listener.close();
    });
    listener.listen(0, "127.0.0.1", () => {
      const { port } = listener.address() as AddressInfo;
      tls
        .connect({ port, host: "127.0.0.1", ca: authority.cert, cert, key })
        .on("error", () => undefined)
        .resume();
    });
  });
  expect(shown).toMatchObject({ issuer: { CN: "Micro development CA" } });
  expect(await handshake({ cert, key }, { ca: authority.cert })).toMatch(/unsuitable certificate purpose/);
});

test("from 2050 on, times are written with four digits of the year", async () => {
  const { cert, validUntil } = await selfSignedCertificate({ hosts: ["a.example"], validDays: 36_500 });
  expect(new X509Certificate(cert).validTo).toContain(String(validUntil.getUTCFullYear()));
  expect(validUntil.getUTCFullYear()).toBeGreaterThan(2100);
});

test("no two certificates share a key or a number", async () => {
  const made = await Promise.all(
    Array.from({ length: 20 }, () => selfSignedCertificate({ hosts: ["a.example"] })),
  );
  expect(new Set(made.map(({ key }) => key)).size).toBe(20);
  expect(new Set(made.map(({ cert }) => new X509Certificate(cert).serialNumber)).size).toBe(20);
});

test("any address is named as it is", async () => {
  const addresses = fc.oneof(fc.ipV4(), fc.ipV6());
  await fc.assert(
    fc.asyncProperty(addresses, async (address) => {
      const { cert } = await selfSignedCertificate({ hosts: [address] });
      expect(new X509Certificate(cert).checkIP(address)).toBe(address);
    }),
    { numRuns: 100 },
  );
});

describe("what no certificate can say is refused", () => {
  const cases: readonly (readonly [string, Partial<CertificateOptions>, RegExp])[] = [
    ["no organization", { organization: "" }, /organization must have 1 to 64 characters/],
    ["a long organization", { organization: "x".repeat(65) }, /it has 65/],
    ["no time", { validDays: 0 }, /validDays must be 1 to 36500, it is 0/],
    ["a time that is no number", { validDays: Number.NaN }, /it is NaN/],
    ["another key", { keyType: "dsa" as KeyType }, /keyType "dsa" is unknown: one of ecdsa, ed25519, rsa/],
    ["no usage", { usages: [] }, /usages must name/],
    ["another usage", { usages: ["mail" as "server"] }, /usages must name/],
  ];
  test.each(cases)("%s", async (_name, options, text) => {
    const error = await selfSignedCertificate({ hosts: ["a.example"], ...options }).catch((e: unknown) => e);
    expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
    expect(String(error)).toMatch(text);
  });
});

describe("what is no authority cannot be taken up as one", () => {
  test("a server's certificate, another's key, no PEM", async () => {
    const [authority, other] = [await createAuthority(), await createAuthority()];
    const leaf = await authority.issue({ hosts: ["a.example"] });
    expect(() => openAuthority(leaf)).toThrow(/cert is not that of an authority/);
    expect(() => openAuthority({ cert: authority.cert, key: other.key })).toThrow(
      /key is not the key of cert/,
    );
    expect(() => openAuthority({ cert: "nonsense", key: other.key })).toThrow(/cert cannot be read as PEM/);
    expect(() => openAuthority({ cert: other.cert, key: "nonsense" })).toThrow(/key cannot be read as PEM/);
  });
});
