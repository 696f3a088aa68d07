import type { QuicheConnection, QuicheError } from "./quiche-binding.ts";

/** Codes from here on are TLS alerts (RFC 9001, 4.8). */
const TLS_ALERTS = 0x100;
/** `NO_ERROR` (RFC 9000, 20.1). */
export const NO_ERROR = 0x00;
/** `APPLICATION_ERROR`: the application closed the connection, for a reason of its own. */
export const APPLICATION_ERROR = 0x0c;
/** `CONNECTION_REFUSED`. */
export const CONNECTION_REFUSED = 0x02;

/** What the alerts of TLS 1.3 (RFC 8446, 6.2) that people meet mean here. */
const ALERTS: Readonly<Record<number, string>> = {
  40: "handshake_failure",
  42: "bad_certificate: it cannot be used, or it is for another name",
  43: "unsupported_certificate",
  45: "certificate_expired",
  46: "certificate_unknown",
  48: "unknown_ca: no authority that is trusted has signed the certificate (transport.tls.ca)",
  51: "decrypt_error",
  70: "protocol_version",
  116: "certificate_required: the server asks for a client's certificate (transport.tls.cert)",
  120: "no_application_protocol: the peer speaks QUIC, but not this protocol",
};

/** Why a connection ended, from quiche's state. */
export function endReason(conn: QuicheConnection, silenceTimeout: number): Error {
  if (conn.isTimedOut()) return new Error(`the peer has been silent for ${silenceTimeout} ms`);
  const local = conn.localError();
  if (local !== null) return new Error(`the connection was given up: ${describe(local)}`);
  const peer = conn.peerError();
  if (peer !== null) return new Error(`the peer closed the connection: ${describe(peer)}`);
  // Without an error it was a stateless reset.
  return new Error("the peer does not know the connection any more: it was restarted");
}

function describe({ isApp, errorCode, reason }: QuicheError): string {
  const text = Buffer.from(reason).toString("utf8");
  const application = isApp || errorCode === NO_ERROR || errorCode === APPLICATION_ERROR;
  if (application) return text === "" ? `code ${errorCode}` : text;
  if (errorCode === CONNECTION_REFUSED) return `it was refused${text === "" ? "" : `: ${text}`}`;
  if (errorCode < TLS_ALERTS) return `error ${errorCode} of QUIC${text === "" ? "" : `: ${text}`}`;
  const alert = errorCode - TLS_ALERTS;
  return `a certificate or TLS problem, alert ${alert}, ${ALERTS[alert] ?? "see RFC 8446, 6.2"}`;
}
