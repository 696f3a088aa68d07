export {
  type AuthorityOptions,
  type CertificateAuthority,
  type CertificateOptions,
  createAuthority,
  type IssuedCertificate,
  openAuthority,
  selfSignedCertificate,
} from "./certificates.ts";
export { hostsOfAddress } from "./hosts.ts";
export { type KeepCertificateOptions, type KeptCertificate, keepCertificate } from "./keep-certificate.ts";
export type { KeyType } from "./keys.ts";
export type { Usage } from "./x509.ts";
