import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ViewLeaf, ViewStore, ViewVerifier } from "../../src/engine/view.ts";
import { ManualClock } from "../support/clock.ts";
import { artifact, type ModelArtifact } from "./model-artifact.ts";
import { entry, modelStore } from "./model-store.ts";
import { modelVerifier, ready } from "./model-verifier.ts";
import { needs, policy, verify } from "./verify.ts";

const alice = artifact({ salt: 1 });
const bob = artifact({ finding: "by bob", salt: 2 });
const release = modelVerifier("release");
const elsewhere = { location: "mirror.example/app" } as const;

/** A world whose evidence is not complete for one reason; `found` is what it shows all the same. */
interface Way {
  readonly stores: readonly ViewStore[];
  readonly verifiers?: readonly ViewVerifier[];
  readonly silent?: true;
}
type World = (found: readonly ModelArtifact[]) => Way;

/** Every way in which evidence can be incomplete (design 6.5). */
const ways: Readonly<Record<string, World>> = {
  "a required location failed": (found) => ({
    stores: [entry(modelStore("good", { referrers: found })), entry(modelStore("down", { ...elsewhere, referrers: "ConnectionRefused" }))],
  }),
  "a required location did not answer in time": (found) => ({
    stores: [entry(modelStore("good", { referrers: found })), entry(modelStore("mute", { ...elsewhere, referrers: "silence" }))],
    silent: true,
  }),
  "a listing was cut": (found) => ({
    stores: [entry(modelStore("good", { referrers: [...found, artifact({ salt: "cut" })], cutAfter: found.length }))],
  }),
  "cosign's tag could not be asked": (found) => ({ stores: [entry(modelStore("good", { referrers: found, tagged: "ServerError" }))] }),
  "a required Store is invalid": (found) => {
    const { store: _, ...invalid } = entry(modelStore("typo"));
    return {
      stores: [entry(modelStore("good", { referrers: found })), { ...invalid, problem: { class: "Internal", message: "it is invalid" } }],
    };
  },
  "a candidate could not be read": (found) => ({
    stores: [
      entry(modelStore("good", { referrers: found })),
      entry(modelStore("holds-back", { ...elsewhere, referrers: [artifact({ salt: "unread" })], fetch: "ServerError" })),
    ],
  }),
  "a candidate is larger than the limit": (found) => ({
    stores: [entry(modelStore("good", { referrers: [...found, artifact({ salt: "big", listedSize: 1 << 30 })] }))],
  }),
  "there are more candidates than the limit": (found) => ({
    stores: [
      entry(
        modelStore("good", {
          referrers: [...found, artifact({ finding: "attestation", salt: "a" }), artifact({ finding: "attestation", salt: "b" })],
        }),
        {
          limits: { artifacts: found.length + 1 },
        },
      ),
    ],
  }),
  "a Verifier could not find out": (found) => ({
    stores: [entry(modelStore("good", { referrers: [...found, artifact({ finding: "unclear" })] }))],
  }),
  "a Verifier failed": (found) => ({ stores: [entry(modelStore("good", { referrers: [...found, artifact({ finding: "throws" })] }))] }),
  "a Verifier is not ready": (found) => ({
    stores: [entry(modelStore("good", { referrers: found }))],
    verifiers: [{ name: "release", verifier: release, problem: "KeyProvider/b is invalid" }],
  }),
};

const expression: ViewLeaf = { type: "expression", expression: "evidence.all(e, e.verified)" };
/** By kind of leaf: what it comes to where enough was found (by alice and bob), and where nothing was. */
const leaves: Readonly<Record<string, { readonly leaf: ViewLeaf; readonly enough: "allow" | "inconclusive" }>> = {
  "at least one signer": { leaf: needs("release"), enough: "allow" },
  "at least two signers": { leaf: needs("release", { atLeast: 2 }), enough: "allow" },
  "at least two artifacts": { leaf: needs("release", { atLeast: 2, count: "Artifacts" }), enough: "allow" },
  "every artifact": { leaf: needs("release", { every: true }), enough: "inconclusive" },
  "an expression": { leaf: expression, enough: "inconclusive" },
};

/** Says yes to whatever it is asked: an expression must not even be asked. */
const credulous = { evaluate: () => Promise.resolve(true) };

async function outcomeOf({ stores, verifiers = ready(release), silent }: Way, leaf: ViewLeaf): Promise<string> {
  const clock = new ManualClock();
  const pending = verify(stores, { verifiers, policies: [policy("p", [leaf])], expressions: credulous, clock });
  if (silent === true) for (let step = 0; step < 8; step += 1) await clock.advance(5_000);
  return (await pending).verdict.outcome;
}

for (const [reason, world] of Object.entries(ways))
  describe(`where ${reason}`, () => {
    for (const [name, { leaf, enough }] of Object.entries(leaves)) {
      it(`${name} comes to ${enough} with enough that stands`, async () => {
        assert.equal(await outcomeOf(world([alice, bob]), leaf), enough);
      });
      it(`${name} comes to no denial with nothing that stands`, async () => {
        assert.equal(await outcomeOf(world([]), leaf), "inconclusive");
      });
    }
  });

describe("where a named Verifier does not exist", () => {
  const missing: readonly ViewVerifier[] = [...ready(release), { name: "gone", problem: "Verifier/gone does not exist" }];
  const stores = (found: readonly ModelArtifact[]): readonly ViewStore[] => [entry(modelStore("good", { referrers: found }))];
  for (const every of [false, true])
    it(`its leaf ${every ? "with every " : ""}is never false`, async () => {
      assert.equal(await outcomeOf({ stores: stores([alice]), verifiers: missing }, needs("gone", { every })), "inconclusive");
    });
  it("an expression is not evaluated", async () => {
    assert.equal(await outcomeOf({ stores: stores([alice]), verifiers: missing }, expression), "inconclusive");
  });
  it("the leaf of another has its own answer", async () => {
    assert.equal(await outcomeOf({ stores: stores([]), verifiers: missing }, needs("release")), "deny");
    assert.equal(await outcomeOf({ stores: stores([alice]), verifiers: missing }, needs("release")), "allow");
  });
});

describe("where evidence is complete", () => {
  const stores = (...found: readonly ModelArtifact[]): readonly ViewStore[] => [entry(modelStore("good", { referrers: found }))];
  const rows: readonly (readonly [string, readonly ModelArtifact[], ViewLeaf, string])[] = [
    ["one signer is not two", [alice], needs("release", { atLeast: 2 }), "deny"],
    ["two signers are two", [alice, bob], needs("release", { atLeast: 2 }), "allow"],
    ["one person twice is one signer", [alice, artifact({ salt: "again" })], needs("release", { atLeast: 2 }), "deny"],
    [
      "one person twice is two artifacts",
      [alice, artifact({ salt: "again" })],
      needs("release", { atLeast: 2, count: "Artifacts" }),
      "allow",
    ],
    ["every one is accepted", [alice, bob], needs("release", { every: true }), "allow"],
    ["one is rejected", [alice, artifact({ finding: "bad" })], needs("release", { every: true }), "deny"],
    ["every one of none is not enough", [], needs("release", { every: true }), "deny"],
    ["an expression may hold", [], expression, "allow"],
  ];
  for (const [sentence, found, leaf, outcome] of rows)
    it(`${sentence}: ${outcome}`, async () => assert.equal(await outcomeOf({ stores: stores(...found) }, leaf), outcome));

  it("an Optional Store that failed keeps what is said of everything open, and a denial stands", async () => {
    const optional = entry(modelStore("down", { ...elsewhere, referrers: "ConnectionRefused" }), { evidence: "Optional" });
    const beside = (...found: readonly ModelArtifact[]): Way => ({ stores: [...stores(...found), optional] });
    assert.equal(await outcomeOf(beside(alice), needs("release", { every: true })), "inconclusive");
    assert.equal(await outcomeOf(beside(alice), expression), "inconclusive");
    assert.equal(await outcomeOf(beside(), needs("release")), "deny");
    assert.equal(await outcomeOf(beside(alice), needs("release")), "allow");
  });

  it("a Verifier whose scopes do not match the image proves nothing and waits for nobody", async () => {
    const down = [entry(modelStore("down", { referrers: "ConnectionRefused" }))];
    const verifiers: readonly ViewVerifier[] = [{ name: "release", isOutOfScope: true }];
    assert.equal(await outcomeOf({ stores: down, verifiers }, needs("release")), "deny");
  });
});
