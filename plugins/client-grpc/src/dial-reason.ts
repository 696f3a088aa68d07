/** Texts of grpc-js, Node and OpenSSL that say little, and what they mean for a client. */
const MEANINGS: readonly (readonly [RegExp, (found: RegExpExecArray, secure: boolean) => string])[] = [
  [
    /^Failed to connect$/,
    (_found, secure) =>
      `the peer closed the connection before it spoke HTTP/2${secure ? "" : ": if it expects TLS, set client.tls"}`,
  ],
  [
    /^Protocol error$/,
    () =>
      "the peer does not speak HTTP/2, so it is no gRPC server: call an rpc server with the client plugin 'rpc' (client.plugin)",
  ],
  [
    /SSL routines:[^:]*:(?:wrong version number|packet length too long)/,
    () => "the peer does not speak TLS, which client.tls, https:// or port 443 asks for",
  ],
  // OpenSSL: thread, number, library, function, reason, source file.
  [/:error:[0-9A-F]+:SSL routines:[^:]*:([^:]+):/, ([, reason]) => `the TLS handshake failed: ${reason}`],
  [
    /^((?:self-signed certificate|unable to (?:get|verify))[^;]*)/,
    ([, reason]) => `${reason}: client.tls.ca_file names those whose certificates are trusted`,
  ],
  [
    /^(Hostname\/IP does not match .*)$/s,
    ([, reason]) => `${reason}: client.tls.server_name names the one to expect`,
  ],
];

/** Why a dial failed, in words that say what to do: `details` is what the channel tells its calls. */
export function dialReason(details: string, secure: boolean): string {
  // Grpc-js wraps the reason, and adds the time.
  const bare = details
    .replace(/^No connection established\. Last error: (?:Error(?: \[\w+\])?: )?/, "")
    .replace(/ \(\d{4}-\d\d-\d\dT[^)]*\)/, "")
    .replace(/\. Resolution note: .*$/s, "")
    .trim();
  for (const [text, meaning] of MEANINGS) {
    const found = text.exec(bare);
    if (found !== null) return meaning(found, secure);
  }
  return bare;
}
