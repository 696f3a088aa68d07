import { readFileSync } from "node:fs";
import { MicroError } from "@micro/core";
import { expect, test } from "vitest";
import { call, message, textOf, withTransport } from "./testing/world.ts";

const file = (name: string): string => `${import.meta.dirname}/testing/${name}`;
const server = { caFile: file("ca.pem"), certFile: file("server.pem"), keyFile: file("server.key") };
const client = { caFile: file("ca.pem"), certFile: file("client.pem"), keyFile: file("client.key") };

type Config = Parameters<typeof withTransport>[0];

/** Calls a server of one configuration with a client of another; the reply's text or the error. */
async function attempt(serverConfig: Config, clientConfig: Config, host = "127.0.0.1"): Promise<string> {
  let outcome = "";
  await withTransport(serverConfig, (listening) =>
    withTransport(clientConfig, async (dialling) => {
      const { address } = await listening.listen();
      try {
        const session = await dialling.transport.dial(address.replace("127.0.0.1", host), {
          metadata: dialling.transport.metadata,
        });
        outcome = textOf(await call(session, message("hello")));
      } catch (error) {
        if (!MicroError.is(error)) throw error;
        outcome = `${error.code} ${error.notSent} ${error.detail}`;
      }
    }),
  );
  return outcome;
}

test("a server whose certificate a known authority has signed is called", async () => {
  expect(await attempt({ tls: server }, { tls: { caFile: file("ca.pem") } })).toBe("hello");
  expect(await attempt({ tls: server }, { tls: { caFile: file("ca.pem") } }, "localhost")).toBe("hello");
  expect(await attempt({ tls: server }, { tls: { ca: readFileSync(file("ca.pem"), "utf8") } })).toBe("hello");
});

test("a server without a certificate makes its own, which only clients take that verify nothing or know it", async () => {
  const own = { tls: { enabled: true } };
  expect(await attempt(own, { tls: { insecureSkipVerify: true } })).toBe("hello");
  expect(await attempt(own, own)).toMatch(
    /^UNAVAILABLE true .*self-signed certificate.*transport\.tls\.ca or ca_file; transport\.tls\.insecure_skip_verify/,
  );
  // What Go's clients of 2022 and servers do with Secure alone.
  const likeGo = { tls: { insecureSkipVerify: true } };
  expect(await attempt(likeGo, likeGo)).toBe("hello");
});

test("any other is not, unless verification is switched off", async () => {
  expect(await attempt({ tls: server }, { tls: { caFile: file("other-ca.pem") } })).toMatch(
    /^UNAVAILABLE true .*certificate/,
  );
  expect(await attempt({ tls: server }, { tls: { enabled: true } })).toMatch(
    /^UNAVAILABLE true .*certificate/,
  );
  const wrongName = { caFile: file("ca.pem"), serverName: "other.example" };
  expect(await attempt({ tls: server }, { tls: wrongName })).toMatch(/^UNAVAILABLE true .*other\.example/);
  expect(await attempt({ tls: server }, { tls: { insecureSkipVerify: true } })).toBe("hello");
});

test("a server that asks for client certificates takes only those it can verify", async () => {
  const asking = { tls: { ...server, requestCert: true } };
  expect(await attempt(asking, { tls: client })).toBe("hello");
  expect(await attempt(asking, { tls: { caFile: file("ca.pem") } })).toMatch(/^UNAVAILABLE /);
  const stranger = { tls: { ...server, caFile: file("other-ca.pem"), requestCert: true } };
  expect(await attempt(stranger, { tls: client })).toMatch(/^UNAVAILABLE /);
});

test("a plain client and a TLS server, and the other way round, fail cleanly", async () => {
  expect(await attempt({ tls: server, headerTimeout: 300 }, {})).toMatch(/^UNAVAILABLE true /);
  expect(await attempt({}, { tls: { caFile: file("ca.pem") } })).toMatch(/^UNAVAILABLE true /);
});

test("options of Node's own TLS win", async () => {
  const options = {
    server: { cert: readFileSync(file("server.pem")), key: readFileSync(file("server.key")) },
    client: { ca: readFileSync(file("ca.pem")) },
  };
  expect(await attempt({ tlsOptions: options }, { tlsOptions: options })).toBe("hello");
});

test("what cannot work says so when it starts", async () => {
  const create = (config: Config) => withTransport(config, async (world) => void (await world.listen()));
  await expect(create({ tls: { certFile: file("server.pem") } })).rejects.toThrow(
    /tls\.cert is set without transport\.tls\.key/,
  );
  await expect(create({ tls: { caFile: "no/such/file" } })).rejects.toThrow(/tls\.ca_file: ENOENT/);
  await expect(create({ tls: { caFile: file("ca.pem") } })).rejects.toThrow(/cert.*not set/);
  const options = { client: { ca: readFileSync(file("ca.pem")) } };
  await expect(create({ tlsOptions: options })).rejects.toThrow(/cert.*not set/);
  const otherKey = { certFile: file("server.pem"), keyFile: file("client.key") };
  await expect(create({ tls: otherKey })).rejects.toThrow(/^transport\.tls: .*key/);
  await expect(create({ tls: { ...server, caFile: undefined, requestCert: true } })).rejects.toThrow(
    /request_cert needs/,
  );
});

test("enabled: false keeps connections plain whatever else is set", async () => {
  expect(await attempt({ tls: { ...server, enabled: false } }, {})).toBe("hello");
});
