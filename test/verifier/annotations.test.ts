import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequiredAnnotation } from "../../src/api/verifier.ts";
import { createSigningKey, type ImageSignatureFormat, imageSignatureFormats, type SignedArtifact, signImage } from "../support/signer.ts";
import { hexOf, judged, otherSubject, repository, subject, verifierThatNeeds, word } from "./fixture.ts";

const alice = createSigningKey("P-256");
const bob = createSigningKey("P-256");
const mallory = createSigningKey("P-256");
const prod: readonly RequiredAnnotation[] = [{ name: "env", value: "prod" }];
const two: readonly RequiredAnnotation[] = [...prod, { name: "team", value: "a=b" }];

/** An image signed with these annotations, where cosign writes them in this format; `undefined`: cosign without `-a`. */
function signedWith(format: ImageSignatureFormat, annotations: unknown, key = alice): SignedArtifact {
  const payload = (document: object): unknown =>
    format === "bundle"
      ? { ...document, subject: [{ digest: { sha256: hexOf(subject) }, ...(annotations !== undefined && { annotations }) }] }
      : { ...document, optional: annotations ?? null };
  return signImage({ key, subject, repository, format, payload });
}

const lacks = (what: string): string => `A trusted key signed the image without the annotation ${what} that is required`;
const differs = (what: string): string => `A trusted key signed another value of the annotation ${what} than is required`;

describe("cosign Verifier that requires annotations", () => {
  const rows: readonly (readonly [what: string, required: readonly RequiredAnnotation[], signed: unknown, outcome: string])[] = [
    ["one that was signed", prod, { env: "prod" }, "verified"],
    ["one among others", prod, { env: "prod", other: 7, nested: {} }, "verified"],
    ["two that were signed", two, { team: "a=b", env: "prod" }, "verified"],
    ["an empty value", [{ name: "env", value: "" }], { env: "" }, "verified"],
    ["none", [], undefined, "verified"],
    ["none of any", [], { env: "prod" }, "verified"],
    ["one of which there is none", prod, undefined, lacks('"env"')],
    ["one that is missing", prod, { team: "a=b" }, lacks('"env"')],
    ["two that are missing", two, {}, `${lacks('"env"')} (and 1 more)`],
    ["the second of two", two, { env: "prod" }, lacks('"team"')],
    ["another value", prod, { env: "dev" }, differs('"env"')],
    ["a value with more behind it", prod, { env: "prod " }, differs('"env"')],
    ["a value in other letters", prod, { env: "PROD" }, differs('"env"')],
    ["a name in other letters", prod, { Env: "prod" }, lacks('"env"')],
    ["a value in a list", prod, { env: ["prod"] }, differs('"env"')],
    ["a number where a text is required", [{ name: "env", value: "7" }], { env: 7 }, differs('"env"')],
    ["annotations that are a list", prod, [{ env: "prod" }], lacks('"env"')],
    ["annotations that are a text", prod, "env=prod", lacks('"env"')],
    ["a name that every object inherits", [{ name: "toString", value: "" }], {}, lacks('"toString"')],
    ["an annotation called __proto__", [{ name: "__proto__", value: "x" }], JSON.parse('{"__proto__":"x"}'), "verified"],
    ["one that only a prototype has", prod, JSON.parse('{"__proto__":{"env":"prod"}}'), lacks('"env"')],
    ["a name with control characters", [{ name: "e\u001bnv", value: "prod" }], {}, lacks('"e\\u001bnv"')],
  ];
  for (const format of imageSignatureFormats) {
    for (const [what, required, signed, outcome] of rows) {
      it(`finds ${what}, signed as ${format}: ${outcome}`, async () => {
        const result = await judged(verifierThatNeeds(required, alice), signedWith(format, signed));
        assert.equal(result.outcome === "rejected" ? result.message : result.outcome, outcome);
        assert.equal(word(result), outcome === "verified" ? "verified" : "AnnotationMissing");
      });
    }

    it(`says of a ${format} by a key that is not trusted whose it is, and nothing of its annotations`, async () => {
      assert.equal(word(await judged(verifierThatNeeds(prod, alice), signedWith(format, { env: "prod" }, mallory))), "NoTrustedKey");
    });
  }

  it("counts the layer that has them beside one by the same key that has not", async () => {
    const documents = [{ env: "dev" }, { env: "prod" }];
    const [without, having] = documents.map((annotations) => signedWith("legacy", annotations));
    assert.ok(without !== undefined && having !== undefined);
    const result = await judged(verifierThatNeeds(prod, alice), together(without, having));
    assert.ok(result.outcome === "verified");
    assert.deepEqual(
      result.signers.map(({ id }) => id),
      [`key:${alice.fingerprint}`],
    );
  });

  it("does not count the signer whose layer lacks them, beside one whose has them", async () => {
    const result = await judged(
      verifierThatNeeds(prod, alice, bob),
      together(signedWith("referrers", undefined, bob), signedWith("referrers", { env: "prod" }, alice)),
    );
    assert.ok(result.outcome === "verified");
    assert.deepEqual(
      result.signers.map(({ id }) => id),
      [`key:${alice.fingerprint}`],
    );
  });

  it("reports a missing annotation before anything else that is wrong with an artifact: it came nearest", async () => {
    const all = together(signedWith("legacy", {}, mallory), signedWith("legacy", {}, alice), signedWith("legacy", {}, mallory));
    assert.equal(word(await judged(verifierThatNeeds(prod, alice), all)), "AnnotationMissing");
  });

  const ours = { digest: { sha256: hexOf(subject) } };
  const theirs = { digest: { sha256: hexOf(otherSubject) }, annotations: { env: "prod" } };
  const statements: readonly (readonly [what: string, subjects: readonly object[], predicate: object, outcome: string])[] = [
    ["of another image in the same statement", [ours, theirs], {}, "AnnotationMissing"],
    ["in the predicate, where nobody writes them", [ours], { annotations: { env: "prod" }, env: "prod" }, "AnnotationMissing"],
    ["of the second entry with the image's digest", [ours, { ...ours, annotations: { env: "prod" } }], {}, "verified"],
  ];
  for (const [what, subjects, predicate, outcome] of statements) {
    it(`finds annotations ${what} ${outcome}`, async () => {
      const payload = (document: object): unknown => ({ ...document, subject: subjects, predicate });
      const artifact = signImage({ key: alice, subject, repository, format: "bundle", payload });
      assert.equal(word(await judged(verifierThatNeeds(prod, alice), artifact)), outcome);
    });
  }

  it("does not take halves of what is required from two entries", async () => {
    const halves = [
      { ...ours, annotations: { env: "prod" } },
      { ...ours, annotations: { team: "a=b" } },
    ];
    const payload = (document: object): unknown => ({ ...document, subject: halves });
    const artifact = signImage({ key: alice, subject, repository, format: "bundle", payload });
    assert.equal(word(await judged(verifierThatNeeds(two, alice), artifact)), "AnnotationMissing");
  });

  it("takes nothing from the annotations of the manifest and the layer: they are not signed", async () => {
    const artifact = signedWith("legacy", undefined);
    const document = JSON.parse(Buffer.from(artifact.manifest).toString()) as { layers: { annotations: object }[] };
    const layers = document.layers.map((layer) => ({ ...layer, annotations: { ...layer.annotations, env: "prod" } }));
    const manifest = Buffer.from(JSON.stringify({ ...document, layers, annotations: { env: "prod" } }));
    assert.equal(word(await judged(verifierThatNeeds(prod, alice), { ...artifact, manifest })), "AnnotationMissing");
  });
});

/** One artifact with the layers of all. */
function together(first: SignedArtifact, ...others: readonly SignedArtifact[]): SignedArtifact {
  const documents = [first, ...others].map(({ manifest }) => JSON.parse(Buffer.from(manifest).toString()) as { layers: object[] });
  const manifest = Buffer.from(JSON.stringify({ ...documents[0], layers: documents.flatMap(({ layers }) => layers) }));
  return { ...first, manifest, blobs: [first, ...others].flatMap(({ blobs }) => blobs) };
}
