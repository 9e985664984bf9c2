import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Report } from "../../src/engine/report.ts";
import { createAuthority, loopback } from "../support/certificates.ts";
import { type Cosign, type CosignKey, createCosign, keyTypes, type KeyType, signatureFormats } from "../support/real/cosign.ts";
import { pushBlob, pushImage, pushManifest, type PushTarget } from "../support/real/image.ts";
import { type Registry, startDistribution, startOlareg } from "../support/real/registries.ts";
import { createSigningKey, flipField, signImage, type SignImageOptions } from "../support/signer.ts";
import { type Files, fromFiles } from "./files.ts";
import { pushSigned } from "./signed.ts";
import { caConfigMap, options, store, tools } from "./fixture.ts";

const authority = createAuthority();
/** Of the tests' own signer, which cosign verifies (verifier-cosign.test.ts): cosign itself damages nothing. */
const own = createSigningKey("P-256");
const registryNames = ["distribution, by the fallback tag", "olareg, by the referrers API"] as const;

interface Place {
  readonly registry: Registry;
  readonly files: Files;
  readonly target: PushTarget;
}
let places: readonly Place[] = [];
let cosign: Cosign;
let keys: ReadonlyMap<KeyType, CosignKey>;

before(async () => {
  if (tools === undefined) return;
  const tls = authority.issue(loopback);
  cosign = await createCosign({ tools });
  keys = new Map(await Promise.all(keyTypes.map(async (type) => [type, await cosign.createKey(type)] as const)));
  const registries = [await startDistribution({ tools, tls }), await startOlareg({ tools, tls })];
  places = await Promise.all(
    registries.map(async (registry) => ({
      registry,
      files: await fromFiles(objects(registry.host)),
      target: { url: registry.url, repository: "acme/web", ca: authority.pem },
    })),
  );
});
after(async () => {
  for (const { files, registry } of places) {
    await files[Symbol.asyncDispose]();
    await registry.close();
  }
  cosign?.close();
});

function objects(host: string): readonly object[] {
  const apiVersion = "countersign.dev/v1alpha1";
  const trusted = [...keys].map(([type, { publicKeyPem }]) => ({ name: type.toLowerCase(), publicKey: publicKeyPem }));
  return [
    caConfigMap("ca", authority.pem),
    {
      ...{ apiVersion, kind: "KeyProvider", metadata: { name: "release" } },
      spec: { type: "inline", inline: { keys: [...trusted, { name: "own", publicKey: own.publicKeyPem }] } },
    },
    {
      ...{ apiVersion, kind: "Verifier", metadata: { name: "release" } },
      spec: { type: "cosign", cosign: { keyProviderRefs: [{ name: "release" }] } },
    },
    // Nothing here is about time.
    store("production", { scopes: [host], timeout: "10s", registry: { caBundleRef: { kind: "ConfigMap", name: "ca", key: "ca.crt" } } }),
  ];
}

/** The place of this name; the tests that ask are skipped where there is none. */
function placeOf(name: string): Place {
  const place = places[registryNames.findIndex((other) => other === name)];
  if (place === undefined) throw new TypeError(name);
  return place;
}

const words = (report: Report): readonly string[] =>
  report.artifacts.flatMap(({ results }) => results.map((result) => (result.outcome === "rejected" ? result.reason : result.outcome)));

for (const name of registryNames) {
  for (const format of signatureFormats) {
    test(`cosign's signatures by every type of key as ${format} are allowed from ${name}, and by no other key`, options, async () => {
      const { files, target } = placeOf(name);
      for (const [type, key] of keys) {
        const image = await pushImage(target, { seed: `${type} ${format}` });
        await cosign.sign(image.reference, { key, format, ca: authority.pem });
        const report = await files.verify(image.reference);
        assert.equal(report.verdict.outcome, "allow", `${type}: ${JSON.stringify(report)}`);
        assert.deepEqual(
          report.artifacts.flatMap(({ results }) => results).map((result) => "signers" in result && result.signers.map(({ name }) => name)),
          [[`KeyProvider/release key "${type.toLowerCase()}"`]],
        );
      }
      const image = await pushImage(target, { seed: `stranger ${format}` });
      await cosign.sign(image.reference, { key: await cosign.createKey(), format, ca: authority.pem });
      const report = await files.verify(image.reference);
      assert.deepEqual([report.verdict.outcome, report.complete, words(report)], ["deny", true, ["NoTrustedKey"]], JSON.stringify(report));
    });
  }

  for (const format of ["legacy", "bundle"] as const) {
    test(
      `an image with only a scan report that FAILED, attested by cosign as ${format} with a trusted key, is denied from ${name}`,
      options,
      async () => {
        const { files, target } = placeOf(name);
        const image = await pushImage(target, { seed: `report ${format}` });
        const key = keys.get("cosign");
        assert.ok(key !== undefined);
        const predicate = { invocation: {}, scanner: { uri: "scanner", version: "1", db: {}, result: { status: "FAILED" } }, metadata: {} };
        await cosign.attest(image.reference, { key, type: "vuln", predicate, format, ca: authority.pem });
        const report = await files.verify(image.reference);
        assert.deepEqual([report.verdict.outcome, report.complete], ["deny", true], JSON.stringify(report));
        // What lies under cosign's `.att` tag is not even looked at.
        assert.deepEqual(words(report), format === "legacy" ? [] : ["NotASignature"]);
        // It was allowed only for being signed as an image as well.
        await cosign.sign(image.reference, { key, ca: authority.pem });
        assert.equal((await files.verify(image.reference)).verdict.outcome, "allow");
      },
    );
  }

  test(`rubbish that somebody attached takes nothing from a signed image in ${name}`, options, async () => {
    const { files, target } = placeOf(name);
    const image = await pushImage(target, { seed: "rubbish" });
    const empty = await pushBlob(target, { content: Buffer.from("{}"), mediaType: "application/vnd.oci.empty.v1+json" });
    const { mediaType, digest, size } = image;
    const manifests: object[] = [];
    for (const artifactType of ["no media type", `application/${"x".repeat(300)}`, "text/html; charset=utf-8"]) {
      const rubbish = { schemaVersion: 2, mediaType, artifactType, config: empty, layers: [empty], subject: { mediaType, digest, size } };
      const pushed = await pushManifest(target, { manifest: rubbish });
      manifests.push({ mediaType, digest: pushed.digest, size: pushed.size, artifactType });
    }
    // Where there is no API, whoever attaches writes the list; cosign adds to what it finds there.
    const index = "application/vnd.oci.image.index.v1+json";
    const list = { schemaVersion: 2, mediaType: index, manifests };
    await pushManifest(target, { manifest: list, mediaType: index, tag: digest.replace(":", "-") });
    const key = keys.get("cosign");
    assert.ok(key !== undefined);
    await cosign.sign(image.reference, { key, ca: authority.pem });
    const report = await files.verify(image.reference);
    assert.equal(report.verdict.outcome, "allow", JSON.stringify(report));
  });

  const damages: readonly (readonly [string, SignImageOptions["format"], string])[] = [
    ["the digest in a legacy payload", "legacy", "critical.image.docker-manifest-digest"],
    ["the signature of a bundle", "bundle", "signature"],
    ["the payload type of a bundle", "bundle", "payloadType"],
  ];
  for (const [what, format, field] of damages) {
    test(`one bit flipped in ${what} is denied from ${name}, and without it allowed`, options, async () => {
      const { files, target } = placeOf(name);
      for (const [seed, alter, outcome] of [
        [`whole ${what}`, undefined, "allow"],
        [`damaged ${what}`, flipField(field), "deny"],
      ] as const) {
        const image = await pushImage(target, { seed });
        const signing = { key: own, subject: image, repository: image.repository, format };
        await pushSigned(target, signImage({ ...signing, ...(alter !== undefined && { alter }) }), image);
        const report = await files.verify(image.reference);
        assert.deepEqual([report.verdict.outcome, report.artifacts.length], [outcome, 1], JSON.stringify(report));
      }
    });
  }
}
