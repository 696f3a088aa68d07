import { bytesCodec } from "@micro/codec-bytes";
import { jsonCodec } from "@micro/codec-json";
import { createService, defineService, handle, MicroError } from "@micro/core";
import { memoryRegistry } from "@micro/registry-memory";
import { grpcServer } from "@micro/server-grpc";
import { expect, test } from "vitest";
import { dialTarget } from "../src/target.ts";
import { withClient } from "./peers.ts";

const file = (name: string): string => `${import.meta.dirname}/tls/${name}`;
const server = { certFile: file("server.pem"), keyFile: file("server.key") };
const withCert = { caFile: file("ca.pem"), certFile: file("client.pem"), keyFile: file("client.key") };
const hello = handle<object, object>("Greeter.Hello", (request) => request);

/** `ok`, or the error. */
async function attempt(serverTls: object | undefined, client: object, host = "127.0.0.1"): Promise<string> {
  const service = await createService(defineService({ name: "greeter", handlers: hello }), {
    plugins: [jsonCodec, bytesCodec, memoryRegistry, grpcServer],
    server: { address: "127.0.0.1:0", ...(serverTls === undefined ? {} : { tls: serverTls }) },
  });
  await service.start();
  let outcome = "ok";
  await withClient(client, async (calls) => {
    const address = (service.server.address ?? "").replace("127.0.0.1", host);
    try {
      await calls.call({ service: "greeter", endpoint: "Greeter.Hello" }, { address, timeoutMs: 3000 });
    } catch (error) {
      if (!MicroError.is(error)) throw error;
      outcome = `${error.code} ${error.notSent} ${error.detail}`;
    }
  });
  await service.stop();
  return outcome;
}

test("a server whose certificate a known authority has signed is called, by address and by name", async () => {
  const tls = { caFile: file("ca.pem") };
  expect(await attempt(server, { tls })).toBe("ok");
  expect(await attempt(server, { tls }, "localhost")).toBe("ok");
  expect(await attempt(server, { tlsOptions: { rejectUnauthorized: false } })).toBe("ok");
});

test("others are refused, and the error says why", async () => {
  expect(await attempt(server, { tls: { caFile: file("other-ca.pem") } })).toMatch(
    /^UNAVAILABLE true .*: (?:unable to verify|self-signed)[^;]*: client\.tls\.ca_file names those/,
  );
  const wrongName = { caFile: file("ca.pem"), serverName: "other.example" };
  expect(await attempt(server, { tls: wrongName })).toMatch(
    /^UNAVAILABLE true 127\.0\.0\.1:\d+: Hostname.*other\.example.*: client\.tls\.server_name names the one/,
  );
  expect(await attempt(server, { tls: { insecureSkipVerify: true } })).toBe("ok");
});

test("a client shows its certificate where it is asked for", async () => {
  const asking = { ...server, caFile: file("ca.pem"), requestCert: true };
  expect(await attempt(asking, { tls: withCert })).toBe("ok");
  expect(await attempt(asking, { tls: { caFile: file("ca.pem") } })).toMatch(/^UNAVAILABLE /);
});

test("one side alone cannot, and the error says which", async () => {
  expect(await attempt(server, { dialTimeout: 500 })).toMatch(
    /^UNAVAILABLE true .*if it expects TLS, set client\.tls$/,
  );
  expect(await attempt(undefined, { tls: { caFile: file("ca.pem") } })).toMatch(
    /^UNAVAILABLE true .*the peer does not speak TLS, which client\.tls, https:\/\/ or port 443 asks for$/,
  );
});

test("an address says by itself that it is encrypted, as Go's client reads it (spec 2.1)", () => {
  const secure = (address: string): boolean => dialTarget(address, undefined).tls !== undefined;
  expect(["https://a.example:8443", "a.example:443", "a.example", "[::1]:443"].map(secure)).toEqual([
    true,
    true,
    true,
    true,
  ]);
  expect(["a.example:80", "127.0.0.1:9090", "[::1]:9090"].map(secure)).toEqual([false, false, false]);
  expect(dialTarget("127.0.0.1:9090", undefined).uri).toBe("ipv4:127.0.0.1:9090");
  expect(dialTarget("[::1]:9090", undefined).uri).toBe("ipv6:[::1]:9090");
  expect(dialTarget("a.example", undefined).uri).toBe("dns:a.example:443");
});
