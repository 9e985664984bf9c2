import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its key; `pem` is what a server presents, `keyPem` is PKCS#8. */
export interface Certificate {
  readonly pem: string;
  readonly der: Buffer;
  readonly keyPem: string;
  readonly privateKey: KeyObject;
}

/** What a certificate says; all of it is optional, so that a test names only what it is about. */
export interface CertificateOptions {
  /** Default "test". */
  readonly commonName?: string;
  /** Kubernetes reads it as the user's groups. */
  readonly organizations?: readonly string[];
  /** Names and addresses that the certificate is good for. Default none; `loopback` has those of a server on this machine. */
  readonly dnsNames?: readonly string[];
  readonly ipAddresses?: readonly string[];
  /** Default ["serverAuth", "clientAuth"]. */
  readonly usages?: readonly ExtendedKeyUsage[];
  /** Default an hour ago. */
  readonly notBefore?: Date;
  /** Default in a week. */
  readonly notAfter?: Date;
}

/** Signs certificates; its own is `pem`. */
export interface CertificateAuthority extends Certificate {
  issue(options?: CertificateOptions): Certificate;
}

type ExtendedKeyUsage = keyof typeof usageIds;

/** Names of a server that tests reach on this machine. */
export const loopback = { dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"] } as const;

/** Makes a root certificate with a new P-256 key. */
export function createAuthority(options: CertificateOptions = {}): CertificateAuthority {
  const commonName = options.commonName ?? "test-ca";
  const root = certify({ ...options, commonName, usages: options.usages ?? [] }, { authority: true });
  return {
    ...root,
    issue: (leaf = {}) =>
      certify(leaf, { authority: false, issuer: { certificate: root, commonName, organizations: options.organizations ?? [] } }),
  };
}

/** Makes a server certificate that no authority vouches for. */
export function selfSigned(options: CertificateOptions = {}): Certificate {
  return certify(options, { authority: false });
}

interface Issuer {
  readonly certificate: Certificate;
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** RFC 5280 §4.1; everything is signed with ecdsa-with-SHA256. */
function certify(options: CertificateOptions, role: { readonly authority: boolean; readonly issuer?: Issuer }): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const commonName = options.commonName ?? "test";
  const subject = distinguishedName(commonName, options.organizations ?? []);
  const issuerKey = role.issuer?.certificate.privateKey ?? privateKey;
  const spki = publicKey.export({ format: "der", type: "spki" });
  const algorithm = sequence(objectId("1.2.840.10045.4.3.2"));
  const now = Date.now();
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40; // positive, and without a leading zero byte
  const content = sequence(
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, serial),
    algorithm,
    role.issuer === undefined ? subject : distinguishedName(role.issuer.commonName, role.issuer.organizations),
    sequence(time(options.notBefore ?? new Date(now - 3_600_000)), time(options.notAfter ?? new Date(now + 7 * 86_400_000))),
    subject,
    spki,
    der(0xa3, sequence(...extensions(options, { authority: role.authority, spki, issuerKey }))),
  );
  const signature = sign("sha256", content, issuerKey);
  const whole = sequence(content, algorithm, bitString(signature));
  const keyPem = privateKey.export({ format: "pem", type: "pkcs8" });
  return { pem: toPem("CERTIFICATE", whole), der: whole, keyPem, privateKey };
}

interface ExtensionInput {
  readonly authority: boolean;
  readonly spki: Buffer;
  readonly issuerKey: KeyObject;
}

function extensions(options: CertificateOptions, { authority, spki, issuerKey }: ExtensionInput): Buffer[] {
  const usages = options.usages ?? ["serverAuth", "clientAuth"];
  const names = [
    ...(options.dnsNames ?? []).map((name) => der(0x82, Buffer.from(name, "ascii"))),
    ...(options.ipAddresses ?? []).map((address) => der(0x87, addressBytes(address))),
  ];
  const basicConstraints = authority ? sequence(der(0x01, Buffer.of(0xff))) : sequence();
  // keyCertSign and cRLSign for an authority, digitalSignature for everybody else (RFC 5280 §4.2.1.3)
  const keyUsage = authority ? der(0x03, Buffer.of(1, 0x06)) : der(0x03, Buffer.of(7, 0x80));
  return [
    extension("2.5.29.19", basicConstraints, true),
    extension("2.5.29.15", keyUsage, true),
    extension("2.5.29.14", der(0x04, keyId(spki))),
    extension("2.5.29.35", sequence(der(0x80, keyId(spkiOf(issuerKey))))),
    ...(usages.length === 0 ? [] : [extension("2.5.29.37", sequence(...usages.map((usage) => objectId(usageIds[usage]))))]),
    ...(names.length === 0 ? [] : [extension("2.5.29.17", sequence(...names))]),
  ];
}

const usageIds = {
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
  codeSigning: "1.3.6.1.5.5.7.3.3",
  timeStamping: "1.3.6.1.5.5.7.3.8",
} as const;

const extension = (id: string, value: Buffer, critical = false): Buffer =>
  sequence(objectId(id), ...(critical ? [der(0x01, Buffer.of(0xff))] : []), der(0x04, value));

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const attribute = (id: string, value: string): Buffer => der(0x31, sequence(objectId(id), der(0x0c, Buffer.from(value, "utf8"))));
  return sequence(...organizations.map((name) => attribute("2.5.4.10", name)), attribute("2.5.4.3", commonName));
}

/** UTCTime up to 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5). */
function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]|\.\d+/g, "");
  return date.getUTCFullYear() < 2050 ? der(0x17, Buffer.from(digits.slice(2), "ascii")) : der(0x18, Buffer.from(digits, "ascii"));
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split(".").map(Number));
  const [head = [], tail = []] = address.split("::").map((part) => part.split(":").filter((group) => group !== ""));
  const groups = [...head, ...Array.from({ length: 8 - head.length - tail.length }, () => "0"), ...tail];
  return Buffer.concat(groups.map((group) => Buffer.from(group.padStart(4, "0"), "hex")));
}

const spkiOf = (privateKey: KeyObject): Buffer => createPublicKey(privateKey).export({ format: "der", type: "spki" });

/** SHA-1 of the key bits (RFC 5280 §4.2.1.2); the last 65 bytes of a P-256 SubjectPublicKeyInfo are the point. */
const keyId = (spki: Buffer): Buffer => createHash("sha1").update(spki.subarray(-65)).digest();

const toPem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${(bytes.toString("base64").match(/.{1,64}/g) ?? []).join("\n")}\n-----END ${label}-----\n`;

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, Buffer.concat(parts));
const bitString = (bytes: Buffer): Buffer => der(0x03, Buffer.concat([Buffer.of(0), bytes]));

function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const base128 = (value: number): number[] => {
    const bytes = [value & 0x7f];
    for (let left = value >>> 7; left > 0; left >>>= 7) bytes.unshift((left & 0x7f) | 0x80);
    return bytes;
  };
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** Tag, length (short or long form), content: X.690 §8.1. */
function der(tag: number, content: Buffer): Buffer {
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = content.length < 0x100 ? [0x81, content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}
