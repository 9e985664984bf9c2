import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { ExpressionInput } from "../../src/api/expression.ts";
import type { StoreSpec } from "../../src/api/store.ts";
import type { VerifierSpec } from "../../src/api/verifier.ts";
import { ResultCache } from "../../src/engine/result-cache.ts";
import type { Store } from "../../src/engine/store.ts";
import type { Verifier } from "../../src/engine/verifier.ts";
import { verifyRealms } from "../../src/engine/verify-realms.ts";
import { Compiler } from "../../src/snapshot/compiler.ts";
import type { StoreContext, VerifierContext } from "../../src/snapshot/factories.ts";
import type { NamespaceLabels } from "../../src/snapshot/namespace-selector.ts";
import { apiVersion } from "../../src/api/kinds.ts";
import { artifact, type ModelArtifact, subject } from "../engine/model-artifact.ts";
import { modelStore } from "../engine/model-store.ts";
import { modelVerifier } from "../engine/model-verifier.ts";
import { reference, wordOf } from "../engine/verify.ts";
import { ManualClock } from "../support/clock.ts";
import { cosign, CountingFactories, inline, registry } from "./fixture.ts";

/** What a Store holds, by its name: each has a place of its own. */
const held: Readonly<Record<string, readonly ModelArtifact[]>> = {
  empty: [],
  signed: [artifact()],
  spoilt: [artifact({ finding: "bad" })],
  mixed: [artifact({ finding: "by bob" }), artifact({ finding: "bad", salt: 1 })],
};

class ModelFactories extends CountingFactories {
  override store(_spec: StoreSpec, { name }: StoreContext): Store {
    return modelStore(name, { location: `${name}.example/app`, referrers: held[name] ?? [] });
  }
  override verifier(
    _spec: VerifierSpec,
    { name, keyProviders }: VerifierContext,
  ): { readonly verifier: Verifier; readonly problem?: string } {
    const isReady = [...keyProviders.values()].every((provider) => provider !== undefined);
    return { verifier: modelVerifier(name, isReady ? {} : { trusts: [] }), ...(!isReady && { problem: "a key is missing" }) };
  }
}

const sayings: Readonly<Record<string, (input: ExpressionInput) => boolean>> = {
  always: () => true,
  nonerejected: ({ evidence }) => !evidence.some(({ reason }) => reason !== ""),
  none: ({ evidence }) => evidence.length === 0,
};

interface Cluster {
  readonly objects: ReadonlyMap<string, object>;
  /** No expression can be read. */
  readonly isMute?: boolean;
}

const scopes = fc.uniqueArray(fc.constantFrom("*", "a.io", "a.io/team", "b.io"), { minLength: 1, maxLength: 2 });
const evidence = fc.constantFrom({}, { evidence: "Optional" });
const stores = fc.dictionary(
  fc.constantFrom(...Object.keys(held)),
  fc.tuple(scopes, evidence).map(([images, more]) => registry(images, more)),
  { minKeys: 1, maxKeys: 3 },
);
const verifiers = fc.dictionary(
  fc.constantFrom("release", "other"),
  fc
    .tuple(fc.constantFrom("keys", "more"), fc.option(scopes))
    .map(([keys, images]) => ({ ...cosign(keys), ...(images !== null && { scopes: images }) })),
  { maxKeys: 2 },
);
const leaf = fc.oneof(
  fc
    .tuple(fc.constantFrom("release", "other", "gone"), fc.constantFrom({}, { every: true }, { every: true }, { atLeast: 2 }))
    .map(([name, more]) => ({ verifierRef: { name }, ...more })),
  fc.constantFrom(...Object.keys(sayings)).map((expression) => ({ expression })),
);
const policies = fc.dictionary(
  fc.constantFrom("p", "q", "r"),
  fc
    .tuple(
      fc.record({ scopes, require: fc.array(leaf, { minLength: 1, maxLength: 2 }) }),
      fc.constantFrom({}, {}, { enforcement: "Warn" }, { enforcement: "Audit" }),
      fc.constantFrom({}, {}, { excludeScopes: ["a.io/team"] }, { excludeScopes: ["a.io"] }),
      fc.constantFrom({}, {}, { namespaceSelector: { matchLabels: { stage: "prod" } } }),
      fc.constantFrom({}, {}, { exceptions: [{ scopes: ["a.io/team"], expirationTime: "2099-01-01T00:00:00Z", reason: "old" }] }),
    )
    .map((parts) => Object.assign({}, ...parts) as object),
  { maxKeys: 3 },
);
const cluster: fc.Arbitrary<Cluster> = fc.tuple(stores, verifiers, policies).map(([ofStore, ofVerifier, ofPolicy]) => ({
  objects: new Map([
    ["KeyProvider/keys", inline],
    ["KeyProvider/more", inline],
    ...Object.entries(ofStore).map(([name, spec]) => [`Store/${name}`, spec] as const),
    ...Object.entries(ofVerifier).map(([name, spec]) => [`Verifier/${name}`, spec] as const),
    ...Object.entries(ofPolicy).map(([name, spec]) => [`Policy/${name}`, spec] as const),
  ]),
}));

/** A slip in one object: another member, or one of its own that says what cannot be. */
const typo = (spec: object): object => ({ ...spec, typo: 1 });
const slips: readonly ((spec: object) => object)[] = [
  ...[
    "scopes",
    "excludeScopes",
    "namespaceSelector",
    "enforcement",
    "exceptions",
    "require",
    "evidence",
    "type",
    "cosign",
    "inline",
  ].flatMap((name) =>
    ["\u0000", [{}], []].map((wrong) => (spec: object): object => ({ ...spec, [name]: wrong })),
  ),
  () => ({}),
];
const isAdded = (before: object, after: object): boolean => Object.keys(after).some((name) => !Object.hasOwn(before, name));

function compileAll({ objects, isMute }: Cluster) {
  const factories = new ModelFactories();
  if (isMute === true) factories.refusal = "nothing can be read";
  const compiler = new Compiler(factories);
  return compiler.compile([...objects.keys()] as `${string}/${string}`[], (kind, id) => {
    const spec = objects.get(`${kind}/${id}`);
    return spec === undefined ? undefined : { apiVersion, kind, spec, metadata: { name: id, uid: `${kind}/${id}`, generation: 1 } };
  });
}

async function wordsFor(given: Cluster): Promise<readonly string[]> {
  const snapshot = compileAll(given);
  const namespaces: readonly (NamespaceLabels | undefined)[] = [
    undefined,
    { name: "n", labels: { stage: "prod" } },
    { name: "n", labels: {} },
    { name: "n" },
  ];
  const words: string[] = [];
  for (const repository of ["a.io/team/app", "a.io/x", "b.io/x"])
    for (const namespace of namespaces) {
      const image = `${repository}@${subject}`;
      const named = reference(image);
      const report = await verifyRealms(
        { image, reference: named, realms: snapshot.views(named.repository, namespace), ...(namespace !== undefined && { namespace }) },
        {
          clock: new ManualClock(),
          memory: new Map<string, string>(),
          results: new ResultCache(),
          expressions: { evaluate: async (text, input) => await Promise.resolve(sayings[text]?.(input) ?? false) },
        },
        new AbortController().signal,
      );
      words.push(`${repository} in ${JSON.stringify(namespace)}: ${wordOf(report)}`);
    }
  return words;
}

const kinds = ["Store", "Store", "Policy", "Verifier", "KeyProvider"];
const slipping = fc.oneof(
  { arbitrary: fc.constant(typo), weight: 4 },
  { arbitrary: fc.constantFrom(...slips), weight: 4 },
  { arbitrary: fc.constant(null), weight: 1 },
);

test("a slip in one object, or expressions that cannot be read, allow nothing that was not allowed: nothing invalid disappears", async () => {
  let [allowed, changed] = [0, 0];
  await fc.assert(
    fc.asyncProperty(cluster, fc.constantFrom(...kinds), fc.nat(), slipping, async (model, kind, which, slip) => {
      const some = [...model.objects].filter(([id]) => id.startsWith(kind));
      const [key = "", spec = {}] = some[which % some.length] ?? [];
      fc.pre(key !== "");
      const slipped = slip?.(spec) ?? spec;
      // A member that may be absent and is written in a way that is right is no slip.
      fc.pre(slip === null || slip === typo || !isAdded(spec, slipped));
      const after = await wordsFor(slip === null ? { ...model, isMute: true } : { objects: new Map([...model.objects, [key, slipped]]) });
      for (const [at, word] of (await wordsFor(model)).entries()) {
        if (word.endsWith("allow")) allowed += 1;
        else assert.ok(!after[at]?.endsWith("allow"), `${key}: ${word} became ${after[at]}`);
        if (word !== after[at]) changed += 1;
      }
    }),
    { numRuns: 600, interruptAfterTimeLimit: 8_000 },
  );
  assert.ok(allowed > 0 && changed > 0, `${allowed} were allowed, and ${changed} are others: the property says nothing`);
});
