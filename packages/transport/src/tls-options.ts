import { option, tlsMaterialOptions } from "@micro/core";

/** The options of a `tls` section that every transport with certificates has; plugins add their own to them. */
export const transportTlsOptions = {
  ...tlsMaterialOptions,
  passphrase: option.string({ description: "Opens an encrypted private key", secret: true }),
  serverName: option.string({
    description: "Name that servers' certificates must have, instead of the host dialled",
  }),
  insecureSkipVerify: option.boolean({
    description: "Clients accept any certificate: for tests only",
    default: false,
  }),
  requestCert: option.boolean({
    description: "Servers refuse clients without a certificate that `ca` has signed",
    default: false,
  }),
} as const;
