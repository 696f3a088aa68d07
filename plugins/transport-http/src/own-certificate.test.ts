import { X509Certificate } from "node:crypto";
import { type LogFields, type Logger, type LogMessage, nullLogger } from "@micro/core";
import { expect, test } from "vitest";
import { ownCertificate } from "./own-certificate.ts";

test("a certificate for the address, and its fingerprint in the log", async () => {
  const lines: [LogMessage, LogFields | undefined][] = [];
  const logger: Logger = { ...nullLogger, info: (...line) => void lines.push([line[0], line[1]]) };
  const { cert, key } = await ownCertificate("192.0.2.7:443", { logger });
  const certificate = new X509Certificate(cert);
  expect(key).toContain("PRIVATE KEY");
  // Spec 1.13.
  expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).toBe("prime256v1");
  expect(certificate.subject).toBe("O=Micro");
  expect(certificate.subjectAltName).toBe("IP Address:192.0.2.7");
  expect(lines).toEqual([
    [
      "listening with a self-signed certificate, as transport.tls names none",
      {
        address: "192.0.2.7:443",
        hosts: "192.0.2.7",
        fingerprint: certificate.fingerprint256,
        validUntil: new Date(certificate.validTo).toISOString(),
      },
    ],
  ]);
});

test("where nothing makes one, the error names what to install", async () => {
  const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
  const load = () => Promise.reject(missing);
  await expect(ownCertificate("127.0.0.1:0", { logger: nullLogger, load })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    id: "go.micro.server.transport",
    detail: expect.stringMatching(/cert_file and key_file.*npm install @micro\/certificates/) as string,
    cause: missing,
  });
});

test("another failure of the package is not hidden", async () => {
  const broken = new Error("broken");
  const load = () => Promise.reject(broken);
  await expect(ownCertificate("127.0.0.1:0", { logger: nullLogger, load })).rejects.toBe(broken);
});
