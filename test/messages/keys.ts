import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { buildKeyProvider } from "../../src/key/catalog.ts";
import { loadPublicKey } from "../../src/pki/public-key.ts";
import type { KeyProvider } from "../../src/trust/ports.ts";
import { keyDeps, type Objects } from "../key/fixture.ts";
import { createSigningKey } from "../support/signer.ts";
import { built } from "../verifier/fixture.ts";
import type { Situations } from "./situation.ts";

const pem = (der: Uint8Array, label = "PUBLIC KEY"): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString("base64")}\n-----END ${label}-----\n`;
const spki = (key: KeyObject): Buffer => key.export({ type: "spki", format: "der" });
const { publicKey: p256 } = generateKeyPairSync("ec", { namedCurve: "P-256" });
const der = spki(p256);
/** A public key by its numbers: nobody has the other half, and nothing is computed. */
function rsa(bits: number, exponent = "AQAB"): string {
  const modulus = Buffer.alloc(bits / 8, 0xff);
  return pem(spki(createPublicKey({ key: { kty: "RSA", n: modulus.toString("base64url"), e: exponent }, format: "jwk" })));
}

const texts: readonly string[] = [
  pem(Buffer.alloc(600, 7), "ENCRYPTED SIGSTORE PRIVATE KEY"),
  "ssh-ed25519 AAAA",
  pem(der).replace("-----END", "=\n-----END"),
  pem(Buffer.alloc(91, 7)),
  pem(Buffer.concat([der, Buffer.alloc(3)])),
  pem(spki(generateKeyPairSync("ed448").publicKey)),
  pem(spki(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey)),
  rsa(1024),
  rsa(8200),
  rsa(2048, "Aw"),
  pem(Buffer.from(`302a300506032b6570032100${"00".repeat(32)}`, "hex")),
];

const good = createSigningKey("P-256").publicKeyPem;
const ofSecret = (objects: Objects, previous?: KeyProvider): KeyProvider =>
  buildKeyProvider(
    { type: "kubernetesSecret", config: { secretRef: { name: "signing" }, keys: [{ name: "alice", key: "cosign.pub" }] } },
    keyDeps({ objects, ...(previous !== undefined && { previous }) }),
  );
const version = (number: string, data: Readonly<Record<string, string>>): Objects => ({ "Secret/signing": { version: number, data } });

/** What a KeyProvider, and a Verifier that names it, have to say. */
function said(provider: KeyProvider | undefined): string {
  const own = [provider?.problem, provider?.stale].flatMap((text) => text ?? []);
  const { problem } = built(new Map([["release-keys", provider]]));
  return [...own, ...(problem === undefined ? [] : [`its Verifier: ${problem}`])].join("\n");
}

export const keys: Situations = [
  {
    when: "a public key cannot be used",
    says: () =>
      texts
        .map((text) => {
          const loaded = loadPublicKey(text);
          if (loaded.ok) throw new TypeError("the key is taken");
          return `key "alice" ${loaded.problem}`;
        })
        .join("\n"),
  },
  {
    when: "keys of a KeyProvider of type inline cannot be used",
    says: () =>
      said(
        buildKeyProvider({ type: "inline", config: { keys: ["alice", "bob"].map((name) => ({ name, publicKey: "none" })) } }, keyDeps({})),
      ),
  },
  { when: "a KeyProvider's Secret does not exist", says: () => said(ofSecret({})) },
  { when: "a KeyProvider's Secret lacks a data key", says: () => said(ofSecret(version("7", {}))) },
  { when: "a KeyProvider's Secret holds something else", says: () => said(ofSecret(version("7", { "cosign.pub": "none" }))) },
  {
    when: "a KeyProvider's Secret was good and is broken",
    says: () => said(ofSecret(version("9", {}), ofSecret(version("7", { "cosign.pub": good })))),
  },
  {
    when: "a KeyProvider's ConfigMap does not exist",
    says: () =>
      said(
        buildKeyProvider(
          { type: "configMap", config: { configMapRef: { name: "signing" }, keys: [{ name: "alice", key: "cosign.pub" }] } },
          keyDeps({}),
        ),
      ),
  },
  { when: "a Verifier names a KeyProvider that does not exist", says: () => said(undefined) },
];
