import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import tls from "node:tls";
import {
  type LogFields,
  type Logger,
  type LogMessage,
  Metadata,
  nullLogger,
  parseAddress,
} from "@micro/core";
import { instantiate } from "@micro/core/conformance";
import type { Session } from "@micro/transport";
import { expect, test, vi } from "vitest";
import { httpTransport } from "./http-transport.ts";
import { ownCertificate } from "./own-certificate.ts";

const DAY_MS = 86_400_000;
const onRenewed = (): void => undefined;

test("a certificate for the address, and its fingerprint in the log", async () => {
  const lines: [LogMessage, LogFields | undefined][] = [];
  const logger: Logger = { ...nullLogger, info: (...line) => void lines.push([line[0], line[1]]) };
  const own = await ownCertificate("192.0.2.7:443", { logger, onRenewed });
  own.stop();
  const { cert, key } = own.pair;
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
  await expect(ownCertificate("127.0.0.1:0", { logger: nullLogger, onRenewed, load })).rejects.toMatchObject({
    code: "BAD_REQUEST",
    id: "go.micro.server.transport",
    detail: expect.stringMatching(/cert_file and key_file.*npm install @micro\/certificates/) as string,
    cause: missing,
  });
});

test("another failure of the package is not hidden", async () => {
  const broken = new Error("broken");
  const load = () => Promise.reject(broken);
  await expect(ownCertificate("127.0.0.1:0", { logger: nullLogger, onRenewed, load })).rejects.toBe(broken);
});

/** The certificate that somebody who connects now is shown. */
async function shownAt(address: string): Promise<tls.PeerCertificate> {
  const { host, port } = parseAddress(address);
  const socket = tls.connect({ host, port, rejectUnauthorized: false });
  await once(socket, "secureConnect");
  const certificate = socket.getPeerCertificate();
  socket.destroy();
  return certificate;
}

async function call(session: Session): Promise<string> {
  const request = { header: new Metadata({ "Micro-Id": "1" }), body: new TextEncoder().encode("hello") };
  const { body } = await new Promise<{ readonly body: Uint8Array }>((resolve, reject) => {
    session.call(request, (error, reply) => (reply === undefined ? reject(error) : resolve(reply)));
  });
  return new TextDecoder().decode(body);
}

test("a server that runs longer than its certificate shows new clients another one, and keeps the old clients", async () => {
  const lines: LogMessage[] = [];
  const logger: Logger = { ...nullLogger, info: (line) => void lines.push(line) };
  const config = { tls: { enabled: true, insecureSkipVerify: true } };
  const transport = await instantiate(httpTransport, { config, deps: { logger } });
  vi.useFakeTimers({ toFake: ["Date"] });
  // The one timer that the renewal waits for.
  const timers = vi.spyOn(globalThis, "setTimeout");
  try {
    const listener = await transport.listen("127.0.0.1:0", (exchange) =>
      exchange.reply({ header: new Metadata(), body: exchange.first.body }),
    );
    const look = timers.mock.calls.find(([, ms]) => ms === DAY_MS)?.[0] as () => void;
    const session = await transport.dial(listener.address, { metadata: transport.metadata });
    const before = await shownAt(listener.address);
    expect(await call(session)).toBe("hello");

    vi.setSystemTime(Date.now() + 240 * DAY_MS);
    look();
    await vi.waitFor(() => expect(timers.mock.calls.filter(([, ms]) => ms === DAY_MS)).toHaveLength(2));
    expect((await shownAt(listener.address)).fingerprint256, "after two thirds, not before").toBe(
      before.fingerprint256,
    );
    vi.setSystemTime(Date.now() + 4 * DAY_MS);
    look();
    await vi.waitFor(() => expect(lines).toContain("the self-signed certificate was renewed"));
    const after = await shownAt(listener.address);
    expect(after.fingerprint256).not.toBe(before.fingerprint256);
    expect(Date.parse(after.valid_to) - Date.now()).toBeGreaterThan(364 * DAY_MS);
    expect(await call(session), "on the connection of before").toBe("hello");
    await transport.stop?.({ graceMs: 100 });
  } finally {
    timers.mockRestore();
    vi.useRealTimers();
    await transport.stop?.({ graceMs: 0 });
  }
});
