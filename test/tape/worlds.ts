import fc from "fast-check";
import { ExpressionError } from "../../src/api/expression.ts";
import type { Expressions } from "../../src/engine/expression.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import type { Realms } from "../../src/engine/verify-realms.ts";
import type { View, ViewLeaf, ViewPolicy, ViewStore } from "../../src/engine/view.ts";
import { artifact, type ModelArtifact, malformed, otherSubject, subject } from "../engine/model-artifact.ts";
import { entry, modelStore, type Script } from "../engine/model-store.ts";
import { modelVerifier } from "../engine/model-verifier.ts";
import { needs, policy } from "../engine/verify.ts";

/** Lets some time pass, or none. */
export type Wait = () => Promise<void>;

const sbomType = "application/vnd.model.sbom";
const byAlice = artifact({ salt: "alice" });
const byBob = artifact({ finding: "by bob", salt: "bob" });
const bad = artifact({ finding: "bad", salt: "bad" });
const sbom = artifact({ type: sbomType, finding: "by anybody", salt: "sbom" });
/** One of each kind, so that a world is a few of them. */
export const artifacts: readonly ModelArtifact[] = [
  byAlice,
  byBob,
  bad,
  sbom,
  artifact({ finding: "layer", salt: "layer" }),
  artifact({ finding: "unclear", salt: "unclear" }),
  artifact({ finding: "throws", salt: "throws" }),
  artifact({ finding: "partly alice", salt: "partly" }),
  artifact({ names: otherSubject, salt: "astray" }),
  artifact({ listedSize: 7, salt: "wrong size" }),
  artifact({ listedType: null, salt: "no type" }),
  malformed(),
];
const onSbom = artifact({ names: sbom.descriptor.digest, salt: "signed SBOM" });

/** Of each name one, whichever realm asks for it; in a replay they are built anew, and take another time. */
export function verifierNamed(name: string, wait: Wait): Verifier {
  if (name === "sbom") return { ...modelVerifier(name, { kind: "content", types: [sbomType], before: wait }), signedBy: ["release"] };
  return modelVerifier(name, { before: wait, ...(name === "strict" && { trusts: ["bob"] }), silent: name === "silent" });
}

export function expressionsAfter(wait: Wait): Expressions {
  return {
    evaluate: async (text, { evidence }) => {
      await wait();
      if (text === "some") return evidence.some(({ verified }) => verified);
      if (text === "none") return evidence.length === 0;
      throw new ExpressionError("EXPRESSION_FAILED", "it fails");
    },
  };
}

type StoreModel = { readonly script: Script; readonly entry: Partial<ViewStore> };

const errorClass = fc.constantFrom("AuthenticationFailed" as const, "ServerError" as const, "NotFound" as const);
const trouble = fc.oneof(
  { weight: 10, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: errorClass },
  { weight: 1, arbitrary: fc.constantFrom("silence" as const, "defect" as const) },
);

const storeModel: fc.Arbitrary<StoreModel> = fc
  .record({
    location: fc.constantFrom("one.example/app", "one.example/app", "two.example/app", "three.example/app"),
    identity: fc.constantFrom("anonymous", "secret", "other"),
    listed: fc.subarray([...artifacts]),
    tagged: fc.constantFrom([], [], [byBob], [bad]),
    troubles: fc.record({ referrers: trouble, tagged: trouble, fetch: trouble, resolve: trouble }),
    cutAfter: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 1, 2),
    evidence: fc.constantFrom("Required" as const, "Required" as const, "Optional" as const),
    timeoutMs: fc.constantFrom(200, 2000, 5000),
    most: fc.constantFrom(64, 64, 64, 2),
    tag: fc.constantFrom(subject, subject, subject, subject, subject, otherSubject),
    target: fc.constantFrom("registry.example/app", "registry.example/app", "mirror.example/app", "layout"),
  })
  .map(({ location, identity, listed, tagged, troubles, cutAfter, evidence, timeoutMs, most, tag, target }) => ({
    script: {
      location,
      identity,
      target,
      tags: { latest: tag },
      referrers: troubles.referrers ?? listed,
      referrersOf: { [sbom.descriptor.digest]: troubles.referrers ?? [onSbom] },
      tagged: troubles.tagged ?? tagged,
      ...(troubles.fetch !== undefined && { fetch: troubles.fetch }),
      ...(troubles.resolve !== undefined && { resolve: troubles.resolve }),
      ...(cutAfter !== undefined && { cutAfter }),
      holds: [onSbom],
    },
    entry: {
      evidence,
      timeoutMs,
      limits: { artifacts: most, pages: 3, manifestBytes: 65_536, blobBytes: 65_536, totalBytes: 1 << 20, depth: 3 },
    },
  }));

const leaf: fc.Arbitrary<ViewLeaf> = fc.oneof(
  fc
    .record({
      verifier: fc.constantFrom("release", "release", "release", "strict", "sbom", "sbom", "silent", "missing"),
      atLeast: fc.constantFrom(1, 1, 1, 2),
      every: fc.constantFrom(false, false, false, true),
      count: fc.constantFrom("Signers" as const, "Artifacts" as const),
    })
    .map(({ verifier, ...rest }) => needs(verifier, rest)),
  fc.constantFrom("some", "none", "fails").map((expression) => ({ type: "expression" as const, expression })),
);
const policies: fc.Arbitrary<readonly ViewPolicy[]> = fc.array(
  fc
    .record({
      leaves: fc.array(leaf, { minLength: 1, maxLength: 2 }),
      enforcement: fc.constantFrom("Enforce" as const, "Enforce" as const, "Warn" as const),
      tags: fc.constantFrom(...Array<"Pin">(9).fill("Pin"), "Refuse" as const),
    })
    .map(({ leaves, ...rest }) => policy("some", leaves, rest)),
  { minLength: 1, maxLength: 2 },
);

export interface World {
  readonly image: string;
  readonly cluster: { readonly stores: readonly StoreModel[]; readonly policies: readonly ViewPolicy[] };
  /** Sees the cluster's Stores too. */
  readonly namespaced: { readonly stores: readonly StoreModel[]; readonly policies: readonly ViewPolicy[] } | undefined;
}
const realm = (least: number) => fc.record({ stores: fc.array(storeModel, { minLength: least, maxLength: 3 }), policies });
export const world: fc.Arbitrary<World> = fc.record({
  image: fc.constantFrom(`registry.example/app@${subject}`, "registry.example/app:latest"),
  cluster: realm(1),
  namespaced: fc.oneof(realm(0), fc.constant(undefined)),
});

const verifierNames = ["release", "sbom", "silent", "strict"] as const;

/** `wait` is taken before each answer of a Store and each judgement. */
export function realmsOf(model: World, wait: Wait): Realms {
  const verifiers = [
    { name: "missing", problem: "KeyProvider/gone does not exist" },
    ...verifierNames.map((name) => ({ name, verifier: verifierNamed(name, wait) })),
  ];
  const stores = (models: readonly StoreModel[], prefix: string): readonly ViewStore[] =>
    models.map((one, at) => entry(modelStore(`${prefix}${at}`, { ...one.script, before: wait }), one.entry));
  const clusterStores = stores(model.cluster.stores, "s");
  const view = (revision: string, seen: readonly ViewStore[], some: readonly ViewPolicy[]): View => ({
    revision,
    stores: seen,
    verifiers,
    policies: some,
  });
  const { namespaced } = model;
  return {
    cluster: view("r1", clusterStores, model.cluster.policies),
    ...(namespaced !== undefined && {
      namespaced: view("r2", [...clusterStores, ...stores(namespaced.stores, "team-a/s")], namespaced.policies),
    }),
  };
}
