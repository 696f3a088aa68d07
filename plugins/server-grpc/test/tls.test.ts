import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { ChannelCredentials, Client, type ServiceError } from "@grpc/grpc-js";
import { handle, type Logger, nullLogger } from "@micro/core";
import { within } from "@micro/core/conformance";
import { describe, expect, test } from "vitest";
import { GrpcListener } from "../src/grpc-listener.ts";
import { withServer } from "./world.ts";

const file = (name: string): string => `${import.meta.dirname}/tls/${name}`;
const pem = (name: string): Buffer => readFileSync(file(name));
const server = { certFile: file("server.pem"), keyFile: file("server.key") };
const hello = handle<Uint8Array, Uint8Array>("Greeter.SayHello", (request) => request);

/** `ok`, or the status of the refusal. */
async function attempt(tls: object, credentials: ChannelCredentials): Promise<string | number> {
  let outcome: string | number = "";
  await withServer(
    [hello],
    async ({ address }) => {
      const client = new Client(address, credentials);
      outcome = await new Promise((resolve) => {
        const pass = (bytes: Buffer): Buffer => bytes;
        const options = { deadline: Date.now() + 3000 };
        client.makeUnaryRequest("/g.Greeter/SayHello", pass, pass, Buffer.from("hi"), options, (error) =>
          resolve(error === null ? "ok" : (error as ServiceError).code),
        );
      });
      client.close();
    },
    { tls },
  );
  return outcome;
}

const known = ChannelCredentials.createSsl(pem("ca.pem"));
const withCert = ChannelCredentials.createSsl(pem("ca.pem"), pem("client.key"), pem("client.pem"));

test("a standard client calls over TLS, and refuses a server that nobody it knows has signed", async () => {
  expect(await attempt(server, known)).toBe("ok");
  expect(await attempt(server, ChannelCredentials.createSsl(pem("other-ca.pem")))).toBe(14);
  expect(await attempt(server, ChannelCredentials.createInsecure())).toBe(14);
});

test("clients need a certificate where it is asked for", async () => {
  const asking = { ...server, caFile: file("ca.pem"), requestCert: true };
  expect(await attempt(asking, withCert)).toBe("ok");
  expect(await attempt(asking, known)).toBe(14);
  expect(await attempt({ ...asking, caFile: file("other-ca.pem") }, withCert)).toBe(14);
});

test("a failed handshake is told in the log with its reason, and no more often than once a second", async () => {
  const warnings: string[] = [];
  const logger: Logger = {
    ...nullLogger,
    warn: (message) => void warnings.push(typeof message === "string" ? message : message()),
  };
  const listener = new GrpcListener({
    onCall: () => undefined,
    onClosing: () => undefined,
    tls: { cert: pem("server.pem"), key: pem("server.key") },
    maxConnections: 10,
    maxStreams: 10,
    maxReceiveBytes: 1024,
    keepaliveTimeMs: 8000,
    keepaliveTimeoutMs: 5000,
    handshakeTimeoutMs: 5000,
    logger,
  });
  await listener.listen("127.0.0.1:0");
  const { port } = new URL(`tcp://${listener.address}`);
  for (let count = 0; count < 5; count++) {
    const socket = connect(Number(port), "127.0.0.1", () => socket.write("PRI * HTTP/2.0\r\n\r\n")).resume();
    await within("the server's end", once(socket, "close"));
  }
  await listener.close({ graceMs: 0 });
  expect(warnings).toEqual(["a TLS handshake failed: wrong version number"]);
});

describe("options that cannot be", () => {
  test.each([
    [{ certFile: file("server.pem") }, /server\.tls\.cert is set without server\.tls\.key/],
    [{ caFile: file("ca.pem") }, /server\.tls\.cert and server\.tls\.key .* are not set/],
    [{ ...server, requestCert: true }, /server\.tls\.request_cert needs tls\.ca/],
    [{ caFile: "no/such/file" }, /server\.tls\.ca_file: ENOENT/],
    [{ ...server, keyFile: file("client.key") }, /server\.tls: .*key values mismatch/],
    [
      { ...server, caFile: file("server.key") },
      /server\.tls\.ca_file: .*server\.key holds no certificate \(PEM\)/,
    ],
    [
      { certFile: file("server.pem"), keyFile: file("server.pem") },
      /server\.tls\.key_file: .* no private key \(PEM\)/,
    ],
  ])("%o", async (tls, text) => {
    await expect(withServer([], () => Promise.resolve(), { tls })).rejects.toThrow(text);
  });
});
