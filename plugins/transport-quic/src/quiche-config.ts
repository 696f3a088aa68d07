import { getCACertificates } from "node:tls";
import type { QuicConnectOptions, QuicListenOptions, QuicSettings } from "./driver.ts";
import type { QuicheBinding, QuicheConfig } from "./quiche-binding.ts";

/** What BoringSSL may sign and be signed with: everything of TLS 1.3 that it knows. */
const SIGNATURES = [
  "ecdsa_secp256r1_sha256",
  "ecdsa_secp384r1_sha384",
  "ecdsa_secp521r1_sha512",
  "ed25519",
  "rsa_pss_rsae_sha256",
  "rsa_pss_rsae_sha384",
  "rsa_pss_rsae_sha512",
  "rsa_pkcs1_sha256",
  "rsa_pkcs1_sha384",
  "rsa_pkcs1_sha512",
].join(":");

/** Largest UDP payload there is: a peer may send any. */
const LARGEST_PAYLOAD = 65_527;
/** What quiche counts windows in ends here. */
const LARGEST_WINDOW = 2 ** 40;

/** quiche's options of a listener. Throws when the certificate or the key cannot be used. */
export function listenConfig(binding: QuicheBinding, options: QuicListenOptions): QuicheConfig {
  const { ca, requestCert } = options;
  return configOf(binding, options, {
    verify: requestCert,
    allowFail: false,
    ca: requestCert ? ca : undefined,
  });
}

/** quiche's options of a connection that is dialled. Throws as {@link listenConfig} does. */
export function connectConfig(binding: QuicheBinding, options: QuicConnectOptions): QuicheConfig {
  const { verify } = options;
  const byAuthority = verify === "ca";
  // The system's authorities as Node knows them, `NODE_EXTRA_CA_CERTS` included.
  const ca = byAuthority ? (options.ca ?? getCACertificates("default").join("\n")) : undefined;
  // A fingerprint is compared after the handshake: who signed the certificate does not matter then.
  return configOf(binding, options, { verify: verify !== "none", allowFail: !byAuthority, ca });
}

interface Verification {
  readonly verify: boolean;
  readonly allowFail: boolean;
  readonly ca: string | undefined;
}

function configOf(
  { Config }: QuicheBinding,
  settings: QuicSettings & { readonly cert?: string; readonly key?: string },
  { verify, allowFail, ca }: Verification,
): QuicheConfig {
  const { cert, key, maxStreams, streamWindow } = settings;
  const pem = (text: string | undefined) => (text === undefined ? undefined : Buffer.from(text));
  const list = (text: string | undefined) => (text === undefined ? undefined : [Buffer.from(text)]);
  let config: QuicheConfig;
  try {
    config = Config.withBoringSslCtx(verify, allowFail, pem(ca), list(key), list(cert), SIGNATURES);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the certificate, the key or the authorities cannot be used: ${why}`, { cause });
  }
  config.setApplicationProtos([settings.alpn]);
  config.setMaxIdleTimeout(settings.silenceTimeout);
  config.setMaxRecvUdpPayloadSize(LARGEST_PAYLOAD);
  config.setMaxSendUdpPayloadSize(settings.maxDatagramSize);
  config.setInitialMaxStreamDataBidiLocal(streamWindow);
  config.setInitialMaxStreamDataBidiRemote(streamWindow);
  config.setInitialMaxStreamsBidi(maxStreams);
  config.setMaxStreamWindow(streamWindow);
  // Streams in both directions share it.
  const whole = Math.min(LARGEST_WINDOW, 2 * streamWindow * maxStreams);
  config.setInitialMaxData(whole);
  config.setMaxConnectionWindow(whole);
  config.setDisableActiveMigration(true);
  config.enablePacing(false);
  return config;
}
