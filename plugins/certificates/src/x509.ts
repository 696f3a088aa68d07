import { createHash, type KeyObject, randomBytes } from "node:crypto";
import { isIP } from "node:net";
import { BitString, Integer, Null, OctetString, Sequence, Set as SetOf, Utf8String } from "asn1js";
import {
  AlgorithmIdentifier,
  AltName,
  AttributeTypeAndValue,
  AuthorityKeyIdentifier,
  BasicConstraints,
  Certificate,
  Extension,
  ExtKeyUsage,
  GeneralName,
  PublicKeyInfo,
  RelativeDistinguishedNames,
  Time,
} from "pkijs";
import type { Signer } from "./keys.ts";

/** What a certificate may be shown for. */
export type Usage = "server" | "client";

/** Parts of a name: `O` and `CN`. */
export interface Name {
  readonly organization: string;
  readonly commonName?: string;
}

/** What a certificate says. */
export interface CertificateContent {
  readonly subject: Name;
  readonly publicKey: KeyObject;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Undefined for an authority. */
  readonly leaf: { readonly hosts: readonly string[]; readonly usages: readonly Usage[] } | undefined;
}

/** Who signs: the certificate's own key, or an authority's with its certificate (DER). */
export interface Issuer {
  readonly signer: Signer;
  /** Undefined for the certificate itself. */
  readonly certificate: Uint8Array | undefined;
}

/** A signed version 3 certificate (RFC 5280), DER. */
export function signCertificate(content: CertificateContent, { signer, certificate }: Issuer): Uint8Array {
  const key = PublicKeyInfo.fromBER(content.publicKey.export({ type: "spki", format: "der" }));
  const subject = nameOf(content.subject);
  const issuer = certificate === undefined ? undefined : Certificate.fromBER(certificate);
  const algorithm = () =>
    new AlgorithmIdentifier({
      algorithmId: signer.oid,
      ...(signer.nullParameters ? { algorithmParams: new Null() } : {}),
    });
  const signed = new Certificate({
    version: 2,
    serialNumber: new Integer({ valueHex: serialNumber() }),
    signature: algorithm(),
    signatureAlgorithm: algorithm(),
    issuer: issuer?.subject ?? subject,
    subject,
    notBefore: timeOf(content.notBefore),
    notAfter: timeOf(content.notAfter),
    subjectPublicKeyInfo: key,
    extensions: extensionsOf(content, key, issuer?.subjectPublicKeyInfo ?? key),
  });
  const body = signed.encodeTBS();
  signed.tbsView = new Uint8Array(body.toBER());
  signed.signatureValue = new BitString({ valueHex: arrayBuffer(signer.sign(signed.tbsView)) });
  return new Uint8Array(signed.toSchema(true).toBER());
}

function extensionsOf({ leaf, publicKey }: CertificateContent, own: PublicKeyInfo, issuer: PublicKeyInfo) {
  const extension = (extnID: string, critical: boolean, value: { toBER(): ArrayBuffer }) =>
    new Extension({ extnID, critical, extnValue: value.toBER() });
  // No certificate below an authority is one itself.
  const basic =
    leaf === undefined ? new BasicConstraints({ cA: true, pathLenConstraint: 0 }) : new BasicConstraints();
  const keyId = new OctetString({ valueHex: keyIdentifier(own) });
  const issuerKeyId = new OctetString({ valueHex: keyIdentifier(issuer) });
  const extensions = [
    extension("2.5.29.19", true, basic.toSchema()),
    extension("2.5.29.15", true, keyUsage(leaf === undefined, publicKey)),
    extension("2.5.29.14", false, keyId),
    extension("2.5.29.35", false, new AuthorityKeyIdentifier({ keyIdentifier: issuerKeyId }).toSchema()),
  ];
  if (leaf === undefined) return extensions;
  const keyPurposes = leaf.usages.map((usage) =>
    usage === "server" ? "1.3.6.1.5.5.7.3.1" : "1.3.6.1.5.5.7.3.2",
  );
  extensions.push(extension("2.5.29.37", false, new ExtKeyUsage({ keyPurposes }).toSchema()));
  if (leaf.hosts.length > 0) {
    const altNames = leaf.hosts.map(generalName);
    extensions.push(extension("2.5.29.17", false, new AltName({ altNames }).toSchema()));
  }
  return extensions;
}

/** Bits from the left: digitalSignature 0, keyEncipherment 2 (RSA key exchange), keyCertSign 5, cRLSign 6. */
function keyUsage(authority: boolean, key: KeyObject): BitString {
  const bits = authority ? 0b0000_0110 : key.asymmetricKeyType === "rsa" ? 0b1010_0000 : 0b1000_0000;
  const unusedBits = authority ? 1 : key.asymmetricKeyType === "rsa" ? 5 : 7;
  return new BitString({ valueHex: Uint8Array.of(bits).buffer, unusedBits });
}

/** RFC 7093, method 1. */
function keyIdentifier(key: PublicKeyInfo): ArrayBuffer {
  const hash = createHash("sha256").update(key.subjectPublicKey.valueBlock.valueHexView).digest();
  return arrayBuffer(hash.subarray(0, 20));
}

/** 127 random bits: positive, and its first byte never zero, as DER wants it shortest. */
function serialNumber(): ArrayBuffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return arrayBuffer(bytes);
}

function nameOf({ organization, commonName }: Name): RelativeDistinguishedNames {
  const set = (type: string, value: string) =>
    new SetOf({ value: [new AttributeTypeAndValue({ type, value: new Utf8String({ value }) }).toSchema()] });
  const sets = [set("2.5.4.10", organization)];
  if (commonName !== undefined) sets.push(set("2.5.4.3", commonName));
  // The library's own constructor would put both into one set.
  return RelativeDistinguishedNames.fromBER(new Sequence({ value: sets }).toBER());
}

/** UTCTime knows two digits of the year: from 2050 on RFC 5280 wants GeneralizedTime. */
function timeOf(value: Date): Time {
  return new Time({ type: value.getUTCFullYear() < 2050 ? 0 : 1, value });
}

function generalName(host: string): GeneralName {
  if (isIP(host) === 0) return new GeneralName({ type: 2, value: host });
  return new GeneralName({ type: 7, value: new OctetString({ valueHex: arrayBuffer(addressBytes(host)) }) });
}

/** The 4 or 16 bytes of an IP address. */
function addressBytes(host: string): Uint8Array {
  if (isIP(host) === 4) return Uint8Array.from(host.split("."), Number);
  // The URL parser writes the shortest form: hexadecimal groups only, at most one '::'.
  const [head = "", tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split("::");
  const groups = (text = "") =>
    text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
  const [first, last] = [groups(head), groups(tail)];
  const all = [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]));
}

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
