import type { ConnectionOptions } from "node:tls";
import { MicroError } from "@micro/core";
import { transportError } from "@micro/transport";
import { type Direct, directTargets, type Target } from "./no-proxy.ts";

/** A proxy that makes tunnels. */
export interface HttpProxy extends Target {
  /** Its URL without user and password: what errors say. */
  readonly name: string;
  /** The option or variable that it comes from, for errors. */
  readonly from: string;
  /** Set where it is spoken to over TLS. */
  readonly tls: ConnectionOptions | undefined;
  /** Value of `Proxy-Authorization`; undefined without a user. */
  readonly authorization: string | undefined;
}

/** The proxy to dial a target through; undefined to dial it directly. Throws `BAD_REQUEST` for a useless variable. */
export type ProxyChoice = (target: Target) => HttpProxy | undefined;

/** What {@link chooseProxy} takes: options of the transport. */
export interface ProxyOptions {
  readonly proxy: string | undefined;
  readonly noProxy: readonly string[] | undefined;
  readonly proxyTls: ConnectionOptions | undefined;
  /** Variables of the environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** What `proxy` says where there shall be none. */
const NONE = "none";

/**
 * Which targets are dialled through which proxy (spec 1.1): `proxy` and `noProxy`, else `HTTPS_PROXY` and `NO_PROXY` of
 * the environment, for plain connections too. Undefined where none ever is. Throws `BAD_REQUEST` for a `proxy` that is
 * none; a variable may be meant for another program and is told of by the first dial that needs it.
 */
export function chooseProxy({ proxy, noProxy, proxyTls, env }: ProxyOptions): ProxyChoice | undefined {
  if (proxy === NONE) return undefined;
  const [from, text] = proxy === undefined ? variable("HTTPS_PROXY", env) : ["transport.proxy", proxy];
  if (text === "" && proxy === undefined) return undefined;
  const given = proxy !== undefined;
  const direct = directTargets(noProxy ?? variable("NO_PROXY", env)[1].split(","));
  const parsed = parseProxy(text, { from, given, tls: proxyTls });
  if (!MicroError.is(parsed)) return through(parsed, direct);
  if (given) throw parsed;
  return (target) => {
    if (direct(target)) return undefined;
    throw parsed;
  };
}

function through(proxy: HttpProxy, direct: Direct): ProxyChoice {
  return (target) => (direct(target) ? undefined : proxy);
}

/** The upper case name first, as Go; an empty one is as good as none. */
function variable(name: string, env: ProxyOptions["env"]): readonly [name: string, value: string] {
  for (const each of [name, name.toLowerCase()]) {
    const value = env[each];
    if (value !== undefined && value !== "") return [each, value];
  }
  return [name, ""];
}

interface Parsing {
  readonly from: string;
  /** Whether it is our own option: dumps show it, so where the password is must be plain to see. */
  readonly given: boolean;
  readonly tls: ConnectionOptions | undefined;
}

/** No text of these errors shows what may be a password. */
function parseProxy(text: string, { from, given, tls }: Parsing): HttpProxy | MicroError {
  const expected = `'http://host:port' or 'https://host:port' is expected, or '${NONE}' in transport.proxy`;
  const written = text.trim();
  const hasScheme = /^[a-z][a-z\d+.-]*:\/\//i.test(written);
  // As Go: 'proxy:3128' in the variable is a proxy of http.
  const url = URL.parse(hasScheme || given ? written : `http://${written}`);
  if (url === null || url.hostname === "") return bad(`${from} is no URL of a proxy: ${expected}`);
  if (given && /@.*@/.test(written)) {
    return bad(`${from}: user or password holds an '@': write '%40' for it`);
  }
  const { protocol } = url;
  if (protocol !== "http:" && protocol !== "https:") {
    return bad(`${from}: a proxy of '${protocol}//' cannot be used: ${expected}`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const port = Number(url.port || (protocol === "http:" ? 80 : 443));
  let credentials: string;
  try {
    credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  } catch (cause) {
    const detail = `${from}: user or password is not percent-encoded: write '%25' for a '%'`;
    return bad(detail, cause);
  }
  return {
    host,
    port,
    from,
    name: `${protocol}//${url.hostname}:${port}`,
    tls: protocol === "http:" ? undefined : { minVersion: "TLSv1.2", ALPNProtocols: ["http/1.1"], ...tls },
    authorization: credentials === ":" ? undefined : `Basic ${Buffer.from(credentials).toString("base64")}`,
  };
}

function bad(detail: string, cause?: unknown): MicroError {
  return transportError("BAD_REQUEST", detail, { notSent: true, cause });
}
