import type { RequiredAnnotation } from "../../src/api/verifier.ts";
import { Turns } from "../../src/kernel/turns.ts";
import type { VerificationResult, Verifier, VerifyInput } from "../../src/engine/verifier.ts";
import { digestHex, parseDigest, type Digest } from "../../src/oci/digest.ts";
import type { Descriptor } from "../../src/oci/descriptor.ts";
import { parseManifest } from "../../src/oci/manifest.ts";
import type { KeyProvider } from "../../src/trust/ports.ts";
import { type BuiltVerifier, buildVerifier } from "../../src/verifier/catalog.ts";
import assert from "node:assert/strict";
import type { SignedArtifact, SignerBlob, SigningKey } from "../support/signer.ts";

export function toDigest(text: string): Digest {
  const digest = parseDigest(text);
  assert.ok(digest !== undefined);
  return digest;
}

/** The image that is signed in every test of this room. */
export const subject: Descriptor = {
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: toDigest(`sha256:${"5a".repeat(32)}`),
  size: 527,
};
export const otherSubject: Descriptor = { ...subject, digest: toDigest(`sha256:${"c3".repeat(32)}`) };
export const repository = "registry.acme.io/prod/web";
export const never: AbortSignal = new AbortController().signal;

export const trusting = (keys: readonly SigningKey[], provider = "release-keys"): KeyProvider => ({
  keys: () =>
    keys.map((key, at) => ({ name: `key-${at}`, provider, key: key.publicKey, fingerprint: key.fingerprint, algorithm: key.type })),
});

/** A Verifier called `release` that trusts `keys` by KeyProvider/release-keys. */
export function verifierOf(...keys: readonly SigningKey[]): Verifier {
  return built(new Map([["release-keys", trusting(keys)]])).verifier;
}

/** The same, which counts only what was signed with these annotations. */
export function verifierThatNeeds(annotations: readonly RequiredAnnotation[], ...keys: readonly SigningKey[]): Verifier {
  const keyProviders = new Map([["release-keys", trusting(keys)]]);
  const config = { keyProviderRefs: ["release-keys"], annotations };
  return buildVerifier({ type: "cosign", config }, { name: "release", keyProviders, turns: new Turns() }).verifier;
}

export function built(keyProviders: ReadonlyMap<string, KeyProvider | undefined>): BuiltVerifier {
  return buildVerifier(
    { type: "cosign", config: { keyProviderRefs: [...keyProviders.keys()] } },
    { name: "release", keyProviders, turns: new Turns() },
  );
}

/** Reads a layer of `artifact` from memory, as the engine does from a store. */
export type Fetch = VerifyInput["fetch"];
export function fetchFrom(blobs: readonly SignerBlob[]): Fetch {
  return async (layer) => {
    const found = blobs.find((candidate) => candidate.digest === layer.digest);
    assert.ok(found !== undefined, `the verifier asked for ${layer.digest}, which is no layer`);
    return await Promise.resolve(found.bytes);
  };
}

/** As the engine hands an artifact over: out of its manifest's own bytes. */
export function inputOf(artifact: SignedArtifact, fetch: Fetch = fetchFrom(artifact.blobs)): VerifyInput {
  const manifest = parseManifest(artifact.manifest);
  assert.ok(manifest.ok);
  const { artifactType, layers, annotations, subject: named } = manifest.value;
  return {
    subject,
    artifact: {
      descriptor: { mediaType: artifact.mediaType, digest: toDigest(artifact.digest), size: artifact.size },
      artifactType: artifactType ?? artifact.artifactType,
      layers,
      annotations,
      ...(named !== undefined && { subject: named.digest }),
    },
    fetch,
  };
}

export async function judged(verifier: Verifier, artifact: SignedArtifact): Promise<VerificationResult> {
  return await verifier.verify(inputOf(artifact), never);
}

/** `verified`, or the reason of a rejection. */
export function word(result: VerificationResult): string {
  return result.outcome === "rejected" ? result.reason : result.outcome;
}

export const hexOf = (descriptor: Descriptor): string => digestHex(descriptor.digest);
