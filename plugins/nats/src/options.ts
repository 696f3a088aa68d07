import { readFile } from "node:fs/promises";
import { MicroError, type OptionsOutput, option, readTlsMaterial, tlsMaterialOptions } from "@micro/core";
import { type Authenticator, type ConnectionOptions, credsAuthenticator, nkeyAuthenticator } from "nats";
import type { LinkSettings } from "./link-types.ts";
import { natsError } from "./nats-errors.ts";

/** Options of every plugin that uses NATS; spread them into its own. The addresses are those of its component. */
export const natsOptions = {
  user: option.string({ description: "Name to sign in to NATS with" }),
  password: option.string({ description: "Password of the user", secret: true }),
  token: option.string({ description: "Token to sign in to NATS with", secret: true }),
  nkey: option.string({ description: "Seed of the NKey to sign in to NATS with", secret: true }),
  credentials: option.string({ description: "File of credentials (JWT and NKey) to sign in to NATS with" }),
  connectTimeout: option.duration({
    description: "Longest time to connect to a NATS server",
    default: "2s",
  }),
  reconnectPause: option.duration({
    description: "Pause between tries to connect to a NATS server again; chance adds up to as much",
    default: "500ms",
  }),
  pingInterval: option.duration({
    description:
      "Pause between the pings by which a dead NATS server is noticed; two without answer mean dead",
    default: "20s",
  }),
  tls: option.object(tlsMaterialOptions, { description: "Encryption of the connection to NATS" }),
} as const;

/** What {@link natsOptions} say, checked and complete. */
export type NatsOptions = OptionsOutput<typeof natsOptions>;

const DEFAULT_ADDRESS = "127.0.0.1:4222";

/** What to connect with. Throws `BAD_REQUEST` for settings that exclude each other and for files that cannot be read. */
export async function connectionOptions(
  options: NatsOptions,
  { addresses, section }: { readonly addresses: readonly string[]; readonly section: string },
): Promise<LinkSettings> {
  const { user, password, tls } = options;
  const methods = (["user", "token", "nkey", "credentials"] as const).filter(
    (key) => options[key] !== undefined,
  );
  if (methods.length > 1) {
    throw natsError("BAD_REQUEST", `${section}: ${methods.join(" and ")} are both set: sign in one way`);
  }
  const servers = addresses.map((address) => serverOf(address, section));
  // Who writes tls:// wants no connection without it, whatever the server offers.
  const encrypted = tls !== undefined || addresses.some((address) => address.startsWith("tls://"));
  const material = encrypted ? await readTlsMaterial(tls, `${section}.tls`) : undefined;
  const settings = {
    servers: servers.length === 0 ? [DEFAULT_ADDRESS] : servers,
    ...(user === undefined ? {} : { user, pass: password ?? "" }),
    ...(options.token === undefined ? {} : { token: options.token }),
    ...(await authenticator(options, section)),
    ...(material === undefined ? {} : { tls: { ...material } }),
    timeout: options.connectTimeout,
    pingInterval: options.pingInterval,
    maxPingOut: 2,
    maxReconnectAttempts: -1,
    reconnectTimeWait: options.reconnectPause,
    reconnectJitter: options.reconnectPause,
    reconnectJitterTLS: options.reconnectPause,
    // A server that refuses us while its accounts change takes us again later.
    ignoreAuthErrorAbort: true,
    // A service has many subscriptions; stack traces for each would cost more than they tell.
    noAsyncTraces: true,
  } satisfies ConnectionOptions;
  return settings;
}

async function authenticator(
  { nkey, credentials }: NatsOptions,
  section: string,
): Promise<{ readonly authenticator?: Authenticator }> {
  if (nkey !== undefined) {
    if (!/^SU[A-Z2-7]{56}$/.test(nkey)) {
      const detail = `${section}.nkey is no seed of a user's NKey: it has 58 letters and begins with 'SU'`;
      throw natsError("BAD_REQUEST", detail);
    }
    return { authenticator: nkeyAuthenticator(new TextEncoder().encode(nkey)) };
  }
  if (credentials === undefined) return {};
  try {
    return { authenticator: credsAuthenticator(await readFile(credentials)) };
  } catch (cause) {
    throw natsError("BAD_REQUEST", `${section}.credentials: ${MicroError.from(cause).detail}`, { cause });
  }
}

/** `host:port`, or as Go writes it `nats://host:port`; `tls://` asks for encryption. */
function serverOf(address: string, section: string): string {
  const bare = address.replace(/^(nats|tls):\/\//, "").replace(/\/$/, "");
  if (bare === "" || /[\s/@]/.test(bare)) {
    const advice = bare.includes("@")
      ? `set ${section}.user and ${section}.password instead of writing them into the address`
      : `it must be 'host:port', such as '${DEFAULT_ADDRESS}'`;
    // Neither shown nor logged: what stands before an @ may be a password.
    const shown = bare.includes("@") ? "an address with a user" : `'${address}'`;
    throw natsError("BAD_REQUEST", `${section}.addresses: ${shown}: ${advice}`);
  }
  return bare;
}
