import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import type { RequiredAnnotation } from "../../src/api/verifier.ts";
import type { VerificationResult, Verifier } from "../../src/engine/verifier.ts";
import { buildKeyProvider } from "../../src/key/catalog.ts";
import { Turns } from "../../src/kernel/turns.ts";
import { parseIndex } from "../../src/oci/manifest.ts";
import { buildVerifier } from "../../src/verifier/catalog.ts";
import { attest, createSigningKey, type SignedArtifact, signImage, signingKeyTypes } from "../support/signer.ts";
import { type Cosign, createCosign, keyTypes, signatureFormats } from "../support/real/cosign.ts";
import { send } from "../support/real/http.ts";
import { pushBlob, type PushedManifest, pushImage, pushManifest } from "../support/real/image.ts";
import { type Registry, startOlareg } from "../support/real/registries.ts";
import { findTools, type Tools } from "../tools/build.ts";
import { keyDeps } from "../key/fixture.ts";
import { inputOf, never, toDigest, word } from "../verifier/fixture.ts";

const found = await findTools();
const options = { skip: found === undefined && "THE REAL PARTS ARE MISSING: node test/tools/build.ts", timeout: 120_000 };
const tools = found as Tools; // every test that uses it is skipped without
const repository = "acme/web";

let cosign: Cosign;
let registry: Registry;
before(async () => {
  if (found === undefined) return;
  [cosign, registry] = [await createCosign({ tools }), await startOlareg({ tools })];
});
after(async () => {
  cosign?.close();
  await registry?.close();
});

for (const format of signatureFormats) {
  test(`cosign Verifier verifies what cosign signed with every type of key as ${format}, also where cosign cannot`, options, async () => {
    for (const type of keyTypes) {
      const image = await pushImage({ url: registry.url, repository }, { seed: `${type} ${format}` });
      const [key, stranger] = [await cosign.createKey(type), await cosign.createKey(type)];
      await cosign.sign(image.reference, { key, format, plainHttp: true });
      const artifact = await read(image, format === "legacy" ? "sig" : undefined);
      const result = await judge(trusting(key.publicKeyPem), image, artifact);
      assert.ok(result.outcome === "verified", `${type}: ${JSON.stringify(result)}`);
      assert.deepEqual(
        result.signers.map(({ name }) => name),
        ['KeyProvider/release-keys key "alice"'],
      );
      assert.equal(word(await judge(trusting(stranger.publicKeyPem), image, artifact)), "NoTrustedKey", type);
      // The hint of a bundle is known for what it is: with it a damaged signature is told from one by another key.
      const damaged = { ...artifact, blobs: artifact.blobs.map((blob) => ({ ...blob, bytes: damage(blob.bytes) })) };
      if (format === "bundle") assert.equal(word(await judge(trusting(key.publicKeyPem), image, damaged)), "BadSignature", type);
    }
  });

  test(`cosign verifies what the signer of the tests signed as ${format}`, options, async () => {
    for (const type of signingKeyTypes) {
      // cosign cannot verify its own Ed25519ph, so that there is nothing to compare with.
      if (type === "Ed25519") continue;
      const image = await pushImage({ url: registry.url, repository }, { seed: `ours ${type} ${format}` });
      const key = createSigningKey(type);
      await push(signImage({ key, subject: image, repository: image.repository, format }));
      const theirs = await cosign.createKey(type);
      const options = { format, plainHttp: true } as const;
      const verified = await cosign.verify(image.reference, { ...options, key: await fileOf(theirs, key.publicKeyPem) });
      assert.equal(verified.code, 0, `${type}: ${verified.stderr}`);
    }
  });
}

for (const format of signatureFormats) {
  test(`cosign Verifier finds the annotations that cosign signed as ${format}, and agrees with cosign on each`, options, async () => {
    const image = await pushImage({ url: registry.url, repository }, { seed: `annotated ${format}` });
    const key = await cosign.createKey();
    await cosign.sign(image.reference, { key, format, annotations: { env: "prod", team: "a=b", empty: "" }, plainHttp: true });
    const artifact = await read(image, format === "legacy" ? "sig" : undefined);
    const rows: readonly (readonly [name: string, value: string])[] = [
      ["env", "prod"],
      ["team", "a=b"],
      ["empty", ""],
      ["env", "dev"],
      ["Env", "prod"],
      ["missing", ""],
    ];
    for (const [name, value] of rows) {
      const ours = await judge(trusting(key.publicKeyPem, [{ name, value }]), image, artifact);
      const theirs = await cosign.verify(image.reference, { key, format, annotations: { [name]: value }, plainHttp: true });
      assert.equal(word(ours), theirs.code === 0 ? "verified" : "AnnotationMissing", `${name}=${value}: ${theirs.stderr}`);
    }
  });
}

for (const format of ["legacy", "bundle"] as const) {
  test(`cosign Verifier does not take a scan report that cosign attested as ${format} for a signature`, options, async () => {
    const image = await pushImage({ url: registry.url, repository }, { seed: `report ${format}` });
    const key = await cosign.createKey();
    const predicate = { invocation: {}, scanner: { uri: "scanner", version: "1", db: {}, result: { status: "FAILED" } }, metadata: {} };
    await cosign.attest(image.reference, { key, type: "vuln", predicate, format, plainHttp: true });
    const artifact = await read(image, format === "legacy" ? "att" : undefined);
    assert.equal(word(await judge(trusting(key.publicKeyPem), image, artifact)), "NotASignature");
  });
}

test("cosign verifies the attestation that the signer of the tests made", options, async () => {
  const image = await pushImage({ url: registry.url, repository }, { seed: "our report" });
  const key = createSigningKey("P-256");
  const predicate = { invocation: {}, scanner: { uri: "scanner", version: "1", db: {}, result: { status: "FAILED" } }, metadata: {} };
  await push(attest({ key, subject: image, predicate }));
  const theirs = await fileOf(await cosign.createKey("P-256"), key.publicKeyPem);
  const verified = await cosign.verifyAttestation(image.reference, { key: theirs, type: "vuln", plainHttp: true });
  assert.equal(verified.code, 0, verified.stderr);
});

function trusting(publicKey: string, annotations: readonly RequiredAnnotation[] = []): Verifier {
  const provider = buildKeyProvider({ type: "inline", config: { keys: [{ name: "alice", publicKey }] } }, keyDeps());
  assert.equal(provider.problem, undefined);
  const keyProviders = new Map([["release-keys", provider]]);
  const { verifier } = buildVerifier(
    { type: "cosign", config: { keyProviderRefs: ["release-keys"], annotations } },
    { name: "release", keyProviders, turns: new Turns() },
  );
  return verifier;
}

/** A bundle whose signature has other bits. */
function damage(bytes: Uint8Array): Uint8Array {
  return Buffer.from(
    Buffer.from(bytes)
      .toString()
      .replace(/(?<="sig": ?".{20})./u, (letter) => (letter === "A" ? "B" : "A")),
  );
}

/** cosign's file of a key with another public key in it. */
async function fileOf<K extends { readonly publicKeyFile: string }>(key: K, publicKeyPem: string): Promise<K> {
  await writeFile(key.publicKeyFile, publicKeyPem);
  return key;
}

async function push(artifact: SignedArtifact): Promise<void> {
  const target = { url: registry.url, repository };
  for (const { bytes, mediaType } of artifact.blobs) await pushBlob(target, { content: bytes, mediaType });
  await pushManifest(target, { manifest: artifact.manifest, ...(artifact.tag !== undefined && { tag: artifact.tag }) });
}

/** The one artifact of the image: under cosign's tag, or the only referrer. */
async function read(image: PushedManifest, suffix: "sig" | "att" | undefined): Promise<SignedArtifact> {
  const { name, artifactType } =
    suffix === undefined
      ? await onlyReferrer(image)
      : { name: `${image.digest.replace(":", "-")}.${suffix}`, artifactType: "application/vnd.dev.cosign.artifact.sig.v1+json" };
  const manifest = await get(`manifests/${name}`, image.mediaType);
  const document = JSON.parse(manifest.toString()) as { layers: { digest: string; mediaType: string; size: number }[] };
  const blobs: SignedArtifact["blobs"] = await Promise.all(
    document.layers.map(async (layer) => ({ ...layer, bytes: await get(`blobs/${layer.digest}`) })),
  );
  return { manifest, mediaType: image.mediaType, digest: image.digest, size: manifest.byteLength, artifactType, blobs };
}

async function onlyReferrer(image: PushedManifest): Promise<{ readonly name: string; readonly artifactType: string }> {
  const index = parseIndex(await get(`referrers/${image.digest}`));
  assert.ok(index.ok);
  const [referrer, ...others] = index.value.manifests;
  assert.ok(referrer !== undefined && others.length === 0);
  return { name: referrer.digest, artifactType: referrer.artifactType ?? "" };
}

async function get(path: string, accept?: string): Promise<Buffer> {
  const response = await send(`${registry.url}/v2/${repository}/${path}`, accept === undefined ? {} : { headers: { accept } });
  assert.equal(response.status, 200, path);
  return response.body;
}

async function judge(verifier: Verifier, image: PushedManifest, artifact: SignedArtifact): Promise<VerificationResult> {
  const subject = { mediaType: image.mediaType, digest: toDigest(image.digest), size: image.size };
  return await verifier.verify({ ...inputOf(artifact), subject }, never);
}
