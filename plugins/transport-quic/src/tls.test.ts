import { createPrivateKey } from "node:crypto";
import { createAuthority, selfSignedCertificate } from "@micro/certificates";
import { MicroError } from "@micro/core";
import { beforeEach, expect, test, vi } from "vitest";
import {
  type Config,
  call,
  loopbackCertificates,
  message,
  textOf,
  whyNoDriver,
  withTransport,
} from "./testing/world.ts";
import { FINGERPRINT_KEY } from "./tls-options.ts";

const missing = await whyNoDriver();
beforeEach((context) => {
  if (missing !== undefined) context.skip(missing);
});

const authority = await createAuthority();
const server = await authority.issue({ hosts: ["127.0.0.1", "localhost"] });
const client = await authority.issue({ hosts: ["client"], usages: ["client"] });
const stranger = await loopbackCertificates();
const own = { ca: authority.cert, cert: server.cert, key: server.key };

interface Attempt {
  readonly host?: string;
  /** Metadata of the node; that of the listening transport unless given. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Calls a server of one configuration with a client of another; the reply's text or the error. */
async function attempt(
  serverConfig: Config,
  clientConfig: Config,
  { host, metadata }: Attempt = {},
): Promise<string> {
  let outcome = "";
  await withTransport(serverConfig, (listening) =>
    withTransport(clientConfig, async (dialling) => {
      const { address } = await listening.listen();
      try {
        const session = await dialling.transport.dial(address.replace("127.0.0.1", host ?? "127.0.0.1"), {
          metadata: metadata ?? listening.transport.metadata,
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

test("a server whose certificate a known authority has signed is called, by address and by name", async () => {
  const config = { tls: { ca: authority.cert } };
  expect(await attempt({ tls: own }, config)).toBe("hello");
  expect(await attempt({ tls: own }, config, { host: "localhost" })).toBe("hello");
  expect(await attempt({ tls: own }, { tls: { ...config.tls, serverName: "localhost" } })).toBe("hello");
});

test("any other is not, unless verification is switched off", async () => {
  expect(await attempt({ tls: own }, { tls: { ca: stranger.ca } })).toMatch(/^UNAVAILABLE true .*unknown_ca/);
  expect(await attempt({ tls: own }, {})).toMatch(/^UNAVAILABLE true .*unknown_ca/);
  for (const serverName of ["other.example", "10.0.0.1"]) {
    expect(await attempt({ tls: own }, { tls: { ca: authority.cert, serverName } })).toMatch(
      new RegExp(`^UNAVAILABLE true .*${serverName}`),
    );
  }
  expect(await attempt({ tls: own }, { tls: { insecureSkipVerify: true } })).toBe("hello");
});

test("a certificate made on the fly is trusted by whoever finds its fingerprint in the node's metadata", async () => {
  expect(await attempt({}, {})).toBe("hello");
  expect(await attempt({}, {}, { host: "localhost" })).toBe("hello");
  expect(await attempt({}, {}, { metadata: {} })).toMatch(/^UNAVAILABLE true .*unknown_ca/);
  const other = { [FINGERPRINT_KEY]: "00:".repeat(31).concat("00") };
  expect(await attempt({}, {}, { metadata: other })).toMatch(
    /^UNAVAILABLE true .*not the one that its node announces/,
  );
  expect(await attempt({}, { tls: { trustAnnounced: false } })).toMatch(/^UNAVAILABLE true .*unknown_ca/);
});

test("a certificate that is announced is trusted after its time too: its node may run longer", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 400 * 86_400_000 });
  const old = await selfSignedCertificate({ hosts: ["127.0.0.1"] }).finally(() => vi.useRealTimers());
  expect(old.validUntil.getTime()).toBeLessThan(Date.now());
  const tls = { cert: old.cert, key: old.key };
  expect(await attempt({ tls }, {}, { metadata: { [FINGERPRINT_KEY]: old.fingerprint } })).toBe("hello");
  expect(await attempt({ tls }, { tls: { ca: old.ca } })).toMatch(/^UNAVAILABLE true .*certificate/);
});

test("whoever names authorities trusts no announcement", async () => {
  expect(await attempt({}, { tls: { ca: authority.cert } })).toMatch(/^UNAVAILABLE true .*unknown_ca/);
});

test("nodes with a certificate of their own announce none", async () => {
  await withTransport({ tls: own }, async ({ listen, transport }) => {
    await listen();
    expect(transport.metadata).toEqual({});
  });
  await withTransport({}, async ({ listen, transport }) => {
    const { metadata } = transport;
    await Promise.all([listen(), listen()]);
    expect(Object.keys(metadata)).toEqual([FINGERPRINT_KEY]);
    expect(metadata[FINGERPRINT_KEY]).toMatch(/^[0-9A-F]{2}(:[0-9A-F]{2}){31}$/);
  });
});

test("a server that asks for client certificates takes only those it can verify", async () => {
  const asking = { tls: { ...own, requestCert: true } };
  const showing = { tls: { ca: authority.cert, cert: client.cert, key: client.key } };
  expect(await attempt(asking, showing)).toBe("hello");
  expect(await attempt(asking, { tls: { ca: authority.cert } })).toMatch(/^UNAVAILABLE .*certificate/);
  const distrusting = { tls: { ...asking.tls, ca: stranger.ca } };
  expect(await attempt(distrusting, showing)).toMatch(/^UNAVAILABLE .*unknown_ca/);
});

test("keys of every kind, and encrypted ones, are opened", async () => {
  for (const keyType of ["rsa", "ecdsa", "ed25519"] as const) {
    const issued = await authority.issue({ hosts: ["127.0.0.1"], keyType });
    const tls = { cert: issued.cert, key: issued.key };
    expect(await attempt({ tls }, { tls: { ca: authority.cert } }), keyType).toBe("hello");
  }
  const encrypted = createPrivateKey(server.key)
    .export({ type: "pkcs8", format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
    .toString();
  const tls = { ...own, key: encrypted };
  expect(await attempt({ tls: { ...tls, passphrase: "secret" } }, { tls: { ca: authority.cert } })).toBe(
    "hello",
  );
  await expect(attempt({ tls: { ...tls, passphrase: "wrong" } }, {})).rejects.toThrow(
    /tls.key cannot be opened.*passphrase/,
  );
});

test("what cannot work says so when it starts", async () => {
  await expect(attempt({ tls: { cert: server.cert } }, {})).rejects.toThrow(
    /tls\.cert is set without transport\.tls\.key/,
  );
  await expect(attempt({ tls: { caFile: "no/such/file" } }, {})).rejects.toThrow(/tls\.ca_file: ENOENT/);
  await expect(
    attempt({ tls: { cert: server.cert, key: server.key, requestCert: true } }, {}),
  ).rejects.toThrow(/request_cert needs/);
  await expect(attempt({ tls: { cert: server.cert, key: client.key } }, {})).rejects.toThrow(
    /key is not the key of transport\.tls\.cert/,
  );
});
