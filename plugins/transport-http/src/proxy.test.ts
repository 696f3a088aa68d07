import { createServer } from "node:net";
import { createAuthority } from "@micro/certificates";
import { MicroError } from "@micro/core";
import { within } from "@micro/core/conformance";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { type ConnectProxy, type ConnectProxyOptions, connectProxy } from "./testing/connect-proxy.ts";
import { rawServer } from "./testing/raw-peer.ts";
import { call, message, textOf, type World, withTransport } from "./testing/world.ts";

type Config = Parameters<typeof withTransport>[0];

const PASSWORD = "hunter2";
/** No name server knows it; to the proxies of these tests it is 127.0.0.1. */
const NAME = "greeter.test";

let ca = "";
let server: { readonly cert: string; readonly key: string };
let ends: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const authority = await createAuthority();
  ca = authority.cert;
  const { cert, key } = await authority.issue({ hosts: [NAME, "127.0.0.1"] });
  server = { cert, key };
});

afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

async function proxyOf(options?: ConnectProxyOptions): Promise<ConnectProxy> {
  const proxy = await connectProxy(options);
  ends.push(() => proxy.close());
  return proxy;
}

/** Runs `body` with a listening transport and a dialling one; the address has a name that only proxies know. */
async function between(
  configs: { readonly server?: Config; readonly client: Config },
  body: (worlds: {
    readonly client: World;
    readonly port: string;
    readonly address: string;
  }) => Promise<void>,
): Promise<void> {
  await withTransport(configs.server ?? {}, (listening) =>
    withTransport({ env: {}, ...configs.client }, async (client) => {
      const { address } = await listening.listen();
      const [, port = ""] = address.split(":");
      await body({ client, port, address: `${NAME}:${port}` });
    }),
  );
}

/** Why dialling fails. */
async function refusalOf(client: Config, address = `${NAME}:80`): Promise<MicroError> {
  let found: unknown;
  await withTransport({ env: {}, ...client }, async ({ transport }) => {
    found = await within("an error", transport.dial(address)).catch((error: unknown) => error);
  });
  if (!MicroError.is(found)) throw new Error(`no error: ${String(found)}`);
  expect(found.notSent).toBe(true);
  expect(JSON.stringify(found) + String(found.cause)).not.toContain(PASSWORD);
  return found;
}

describe.each(["http", "https"] as const)("through a proxy of %s", (scheme) => {
  describe.each(["plain", "TLS"] as const)("to a %s peer", (kind) => {
    test.each(["multiplexed", "Go's way"] as const)("%s", async (way) => {
      const proxy = await proxyOf(scheme === "https" ? { tls: server } : {});
      const encrypted = kind === "TLS";
      const configs = {
        server: encrypted ? { tls: server } : {},
        client: {
          proxy: proxy.url,
          ...(encrypted ? { tls: { ca } } : {}),
          ...(scheme === "https" ? { proxyTls: { ca } } : {}),
        },
      };
      await between(configs, async ({ client, address }) => {
        const { transport } = client;
        const metadata = way === "multiplexed" ? transport.metadata : {};
        const session = await transport.dial(address, { metadata });
        expect(session.maxConcurrent > 1).toBe(way === "multiplexed");
        const large = "x".repeat(1_000_000);
        expect(textOf(await call(session, message("hello")))).toBe("hello");
        expect(textOf(await call(session, message(large)))).toBe(large);
        if (way === "multiplexed") {
          const calls = Array.from({ length: 50 }, (_, index) => call(session, message(`call ${index}`)));
          const replies = (await Promise.all(calls)).map(textOf);
          expect(replies).toEqual(Array.from({ length: 50 }, (_, index) => `call ${index}`));
        }
        expect(proxy.asked).toEqual([
          { target: address, headers: { host: address, "user-agent": "micro/latest" } },
        ]);
        await session.close({ graceMs: 0 });
        await proxy.idle();
      });
    });
  });
});

describe("who is asked", () => {
  const url = ({ port }: ConnectProxy) => `http://127.0.0.1:${port}`;

  test.each(["HTTPS_PROXY", "https_proxy"])("%s of the environment names the proxy", async (name) => {
    const proxy = await proxyOf();
    await between({ client: { env: { [name]: url(proxy) } } }, async ({ client, address }) => {
      expect(textOf(await call(await client.transport.dial(address), message("hello")))).toBe("hello");
      expect(proxy.asked).toHaveLength(1);
    });
  });

  test("a variable may leave the scheme out, and an empty one is none", async () => {
    const proxy = await proxyOf();
    const env = { HTTPS_PROXY: "", https_proxy: `127.0.0.1:${proxy.port}` };
    await between({ client: { env } }, async ({ client, address }) => {
      expect(textOf(await call(await client.transport.dial(address), message("hello")))).toBe("hello");
    });
  });

  test("the request is Go's, byte for byte", async () => {
    let text = "";
    const raw = createServer((socket) => {
      socket.on("data", (chunk: Buffer) => {
        text += chunk.toString("latin1");
        if (text.endsWith("\r\n\r\n")) socket.destroy();
      });
    });
    await new Promise<void>((resolve) => raw.listen(0, "127.0.0.1", resolve));
    ends.push(() => new Promise((resolve) => raw.close(() => resolve())));
    const { port } = raw.address() as { port: number };
    await refusalOf({ env: { HTTPS_PROXY: `http://me%40x:p%3Aw@127.0.0.1:${port}` } }, "peer.test:38929");
    // As microwire and Go Micro v6 sent it to a listener that stood in for the proxy.
    expect(text).toBe(
      "CONNECT peer.test:38929 HTTP/1.1\r\nHost: peer.test:38929\r\nUser-Agent: micro/latest\r\nProxy-Authorization: Basic bWVAeDpwOnc=\r\n\r\n",
    );
  });

  test("the option wins over the environment", async () => {
    const [proxy, other] = [await proxyOf(), await proxyOf()];
    const client = { proxy: url(proxy), env: { HTTPS_PROXY: url(other), NO_PROXY: "" } };
    await between({ client }, async ({ client, address }) => {
      await client.transport.dial(address);
      expect([proxy.asked.length, other.asked.length]).toEqual([1, 0]);
    });
  });

  test("nobody for loopback, for what NO_PROXY or no_proxy of the options name, and for proxy: none", async () => {
    const proxy = await proxyOf();
    const env = { HTTPS_PROXY: url(proxy) };
    await between({ client: { env } }, async ({ client, port }) => {
      expect(textOf(await call(await client.transport.dial(`127.0.0.1:${port}`), message("a")))).toBe("a");
    });
    // Nobody but the proxy knows the name: who dials directly fails to find it.
    for (const config of [
      { env: { ...env, NO_PROXY: ".example,.test" } },
      { env: { ...env, NO_PROXY: "*" }, noProxy: [NAME] },
      { env, proxy: "none" },
      { env, noProxy: ["*.test:80"] },
    ]) {
      expect((await refusalOf({ ...config, dialTimeout: 2000 })).detail).not.toContain("proxy");
    }
    expect(proxy.asked).toEqual([]);
    // no_proxy stands instead of NO_PROXY.
    await between(
      { client: { env: { ...env, NO_PROXY: "*" }, noProxy: [] } },
      async ({ client, address }) => {
        await client.transport.dial(address);
        expect(proxy.asked).toHaveLength(1);
      },
    );
  });

  test("user and password are shown to the proxy, percent-decoded", async () => {
    const authorization = `Basic ${Buffer.from(`me@home:${PASSWORD}:ü`).toString("base64")}`;
    const proxy = await proxyOf({ authorization });
    const withUser = `http://me%40home:${PASSWORD}:%C3%BC@127.0.0.1:${proxy.port}`;
    for (const client of [{ proxy: withUser }, { env: { HTTPS_PROXY: withUser } }]) {
      await between({ client }, async ({ client, address }) => {
        expect(textOf(await call(await client.transport.dial(address), message("hello")))).toBe("hello");
      });
    }
    expect(proxy.asked.map(({ headers }) => headers["proxy-authorization"])).toEqual([
      authorization,
      authorization,
    ]);
  });
});

describe("what fails says which proxy, and never its password", () => {
  const credentials = `me:${PASSWORD}`;
  const via = ({ port }: { readonly port: number }) => ({ proxy: `http://${credentials}@127.0.0.1:${port}` });
  /** A proxy that answers CONNECT with this. */
  const answering = (text: string, end = true) =>
    proxyOf({ answer: (socket) => void (end ? socket.end(text) : socket.write(text)) });

  test("nobody listens there", async () => {
    const unused = createServer();
    await new Promise<void>((resolve) => unused.listen(0, "127.0.0.1", resolve));
    const { port } = unused.address() as { port: number };
    await new Promise((resolve) => unused.close(resolve));
    const error = await refusalOf(via({ port }));
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.detail).toBe(
      `cannot connect to ${NAME}:80 through the proxy http://127.0.0.1:${port} (transport.proxy): connect ECONNREFUSED 127.0.0.1:${port}`,
    );
  });

  test("407, with and without a user", async () => {
    const proxy = await proxyOf({ authorization: "Basic other" });
    const wrong = await refusalOf(via(proxy));
    expect(wrong.code).toBe("UNAUTHORIZED");
    expect(wrong.detail).toBe(
      `cannot connect to ${NAME}:80: the proxy http://127.0.0.1:${proxy.port} (transport.proxy) answered "407 Proxy Authentication Required"; it does not take the user and password of transport.proxy`,
    );
    const missing = await refusalOf({ env: { HTTPS_PROXY: proxy.url } });
    expect(missing.code).toBe("UNAUTHORIZED");
    expect(missing.detail).toMatch(/write 'http:\/\/user:password@host:port' in HTTPS_PROXY$/);
  });

  test("502 of a target that the proxy does not reach", async () => {
    const proxy = await proxyOf();
    const error = await refusalOf(via(proxy), `${NAME}:1`);
    expect([error.code, error.detail]).toEqual([
      "UNAVAILABLE",
      `cannot connect to ${NAME}:1: the proxy http://127.0.0.1:${proxy.port} (transport.proxy) answered "502 Bad Gateway"`,
    ]);
  });

  test.each([
    ["403", "HTTP/1.1 403 Forbidden\r\n\r\n", "FORBIDDEN", /answered "403 Forbidden"$/],
    ["a status without words", "HTTP/1.1 503\r\n\r\n", "UNAVAILABLE", /answered "503"$/],
    [
      "another protocol",
      "SSH-2.0-OpenSSH_9.2\r\n",
      "UNAVAILABLE",
      /answered no HTTP: "SSH-2\.0-OpenSSH_9\.2/,
    ],
    ["no status", "HTTP/1.1 ok\r\n\r\n", "UNAVAILABLE", /answered no HTTP: "HTTP\/1\.1 ok"$/],
    ["another HTTP", "HTTP/2 200 OK\r\n\r\n", "UNAVAILABLE", /answered no HTTP: "HTTP\/2 200/],
    [
      "bytes that would change a terminal",
      "\x1b[2J\0 garbage",
      "UNAVAILABLE",
      /no HTTP: "\\u001b\[2J\\u0000/,
    ],
    ["half a header", "HTTP/1.1 200 OK\r\nA:", "UNAVAILABLE", /closed the connection before it answered$/],
    ["nothing", "", "UNAVAILABLE", /closed the connection before it answered$/],
    ["a long line", `HTTP/1.1 500 ${"x".repeat(500)}\r\n\r\n`, "UNAVAILABLE", /"500 x{76}"…$/],
    [
      "a header without end",
      `HTTP/1.1 200 OK\r\nA: ${"x".repeat(20_000)}`,
      "RESOURCE_EXHAUSTED",
      /answered more than transport\.max_header_size, 16384 bytes$/,
    ],
  ])("%s", async (_name, text, code, detail) => {
    const proxy = await answering(text);
    const error = await refusalOf(via(proxy));
    expect(error.code).toBe(code);
    expect(error.detail).toContain(`the proxy http://127.0.0.1:${proxy.port} (transport.proxy)`);
    expect(error.detail).toMatch(detail);
    await proxy.idle();
  });

  test.each(["", "HTTP/1.1 200 OK\r\n"])("silence after %j, within the dial timeout", async (text) => {
    const proxy = await answering(text, false);
    const error = await refusalOf({ ...via(proxy), dialTimeout: 100 });
    expect([error.code, error.detail]).toEqual([
      "TIMEOUT",
      `no connection to ${NAME}:80 through the proxy http://127.0.0.1:${proxy.port} (transport.proxy) within 100 ms`,
    ]);
    await proxy.idle();
  });

  test("a proxy that takes connections and says nothing at all", async () => {
    const silent = await rawServer();
    ends.push(() => silent.close());
    const [, port = ""] = silent.address.split(":");
    for (const scheme of ["http", "https"]) {
      const error = await refusalOf({ proxy: `${scheme}://127.0.0.1:${port}`, dialTimeout: 100 });
      expect(error.code).toBe("TIMEOUT");
    }
  });

  test("a dial that is given up ends the tunnel that is being made", async () => {
    const stop = new AbortController();
    const proxy = await proxyOf({ answer: () => stop.abort(new Error("enough")) });
    await withTransport({ env: {}, proxy: proxy.url }, async ({ transport }) => {
      const dialling = within("an error", transport.dial(`${NAME}:80`, { signal: stop.signal }));
      await expect(dialling).rejects.toMatchObject({ code: "CANCELLED", notSent: true });
      await proxy.idle();
    });
  });

  test("a proxy of https that is not trusted", async () => {
    const proxy = await proxyOf({ tls: server });
    const error = await refusalOf({ proxy: proxy.url, tls: { insecureSkipVerify: true } });
    expect(error.code).toBe("UNAVAILABLE");
    expect(error.detail).toMatch(
      /through the proxy https:.*\(the proxy's certificate: name its authority in NODE_EXTRA/,
    );
    const plain = await proxyOf();
    const wrong = await refusalOf({ proxy: plain.url.replace("http:", "https:") });
    expect(wrong.detail).toMatch(/through the proxy https:\/\/127\.0\.0\.1/);
  });

  test("a peer behind the proxy that has a certificate for another name, or of nobody we know", async () => {
    const authority = await createAuthority();
    const other = await authority.issue({ hosts: ["127.0.0.1", "other.test"] });
    const proxy = await proxyOf();
    const wrongName = { server: { tls: { cert: other.cert, key: other.key } }, client: { proxy: proxy.url } };
    await between(
      { ...wrongName, client: { ...wrongName.client, tls: { ca: authority.cert } } },
      async ({ client, address }) => {
        await expect(client.transport.dial(address)).rejects.toThrow(/greeter\.test/);
      },
    );
    await between(
      { ...wrongName, client: { ...wrongName.client, tls: { ca } } },
      async ({ client, address }) => {
        await expect(client.transport.dial(address)).rejects.toThrow(/transport\.tls\.ca/);
      },
    );
    await proxy.idle();
  });
});

describe("a setting that is none", () => {
  test.each([
    ["", /transport\.proxy is no URL of a proxy: 'http:\/\/host:port'/],
    ["proxy:3128", /transport\.proxy is no URL of a proxy/],
    ["false", /or 'none' in transport\.proxy/],
    [`me:${PASSWORD}@proxy:3128`, /transport\.proxy is no URL/],
    [`socks5://me:${PASSWORD}@proxy`, /a proxy of 'socks5:\/\/' cannot be used/],
    [`http://me:${PASSWORD}@@proxy`, /write '%40' for it/],
    [`http://me:${PASSWORD}%zz@proxy`, /write '%25' for a '%'/],
    [`http://me:${PASSWORD}@proxy:99999`, /transport\.proxy is no URL/],
  ])("%j stops the start", async (proxy, text) => {
    const creating = withTransport({ proxy, env: {} }, async () => undefined);
    const error: unknown = await creating.catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(text);
    expect(String(error)).not.toContain(PASSWORD);
    expect(MicroError.is(error) && error.code).toBe("BAD_REQUEST");
  });

  test("a variable that is none fails only dials that need it", async () => {
    const env = { HTTPS_PROXY: `socks5://me:${PASSWORD}@proxy` };
    await between({ client: { env } }, async ({ client, port, address }) => {
      expect(textOf(await call(await client.transport.dial(`127.0.0.1:${port}`), message("a")))).toBe("a");
      await expect(client.transport.dial(address)).rejects.toThrow(
        /HTTPS_PROXY: a proxy of 'socks5:\/\/' cannot be used/,
      );
    });
  });
});
