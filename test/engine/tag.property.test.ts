import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { verifyImage } from "../../src/engine/verify-image.ts";
import {
  atOnce,
  type ModelStore,
  modelVerifier,
  newDeps,
  otherDigest,
  request,
  signatureType,
  subjectDigest,
  unaborted,
  viewOf,
  viewStore,
} from "./model.ts";

const signed = { id: 1, subject: subjectDigest, type: signatureType, judgements: { release: "by alice" as const } };
const evidence = { key: "evidence", referrers: [signed] };
const targets = ["registry.example/app", "mirror.example/app", "layout"] as const;
const store = (name: string): fc.Arbitrary<ModelStore> =>
  fc.record({
    name: fc.constant(name),
    location: fc.constant(evidence),
    target: fc.constantFrom(...targets),
    tag: fc.constantFrom(subjectDigest, subjectDigest, otherDigest, "NotFound" as const, "ConnectionRefused" as const),
    invalid: fc.constantFrom(false, false, false, false, true),
    evidence: fc.constantFrom("Required" as const, "Optional" as const),
  });
const stores = fc.tuple(store("a"), store("b"), store("c")).chain((all) => fc.subarray(all, { minLength: 1 }));

async function wordOf(models: readonly ModelStore[]): Promise<string> {
  const view = viewOf(
    models.map((model) => viewStore(model, atOnce)),
    [modelVerifier("release")],
  );
  const { verdict } = await verifyImage(request(view, { tag: "v1" }), newDeps(), unaborted);
  return verdict.outcome === "allow" ? "allow" : `${verdict.outcome} ${verdict.code}`;
}

/** Design 6.1: every repository that some Store makes of the image's own has to say what the tag is, or that it has none. */
function expected(models: readonly ModelStore[]): string {
  const valid = models.filter((model) => model.invalid !== true);
  const repositories = Map.groupBy(
    valid.filter((model) => model.target !== "layout"),
    (model) => model.target,
  );
  const digests = new Set<string>();
  let isSilent = valid.length < models.length;
  for (const members of repositories.values()) {
    // Alternatives, asked by name until one knows.
    const first = members.toSorted((a, b) => (a.name < b.name ? -1 : 1)).find((model) => model.tag?.startsWith("sha256:"));
    if (first?.tag !== undefined) digests.add(first.tag);
    else if (members.some((model) => model.tag !== "NotFound")) isSilent = true;
  }
  if (digests.size > 1) return "inconclusive TagAmbiguous";
  if (isSilent || repositories.size === 0) return "inconclusive SubjectUnresolved";
  if (digests.size === 0) return "deny NotFound";
  return digests.has(subjectDigest) ? "allow" : "deny NoValidSignature";
}

test("verifyImage() takes a tag for what every repository says that it is, in any order of stores", async () => {
  await fc.assert(
    fc.asyncProperty(stores, async (models) => {
      assert.equal(await wordOf(models), expected(models));
      assert.equal(await wordOf(models.toReversed()), expected(models));
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5_000 },
  );
});

test("verifyImage() never allows a tag because a store that made something else of it fails or becomes invalid", async () => {
  const ways: readonly Partial<ModelStore>[] = [{ tag: "ConnectionRefused" }, { tag: "AuthenticationFailed" }, { invalid: true }];
  // Alternatives that read one repository say the same there: it is one registry.
  const honest = stores.map((models) =>
    models.map((model) => ({ ...model, tag: models.find((other) => other.target === model.target)?.tag ?? subjectDigest })),
  );
  await fc.assert(
    fc.asyncProperty(honest, fc.nat(), fc.constantFrom(...ways), async (models, which, way) => {
      const before = await wordOf(models);
      const after = await wordOf(models.map((model, at) => (at === which % models.length ? { ...model, ...way } : model)));
      if (before !== "allow") assert.notEqual(after, "allow");
    }),
    { numRuns: 300, interruptAfterTimeLimit: 5_000 },
  );
});
