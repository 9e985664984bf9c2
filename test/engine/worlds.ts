import fc from "fast-check";
import { builtInPolicy } from "../../src/engine/built-in.ts";
import type { View, ViewPolicy, ViewVerifier } from "../../src/engine/view.ts";
import {
  atOnce,
  type Gate,
  type ModelArtifact,
  type ModelLocation,
  type ModelStore,
  modelVerifier,
  otherDigest,
  signatureType,
  subjectDigest,
  type Trace,
  viewStore,
} from "./model.ts";
import type { World } from "./oracle.ts";

export const verifierNames = ["alpha", "beta"] as const;
const judgement = fc.constantFrom("by alice" as const, "rejected" as const, "rejected" as const, "throws" as const);
const artifact = (id: number): fc.Arbitrary<ModelArtifact> =>
  fc.record({
    id: fc.constant(id),
    subject: fc.constantFrom(subjectDigest, subjectDigest, otherDigest, undefined),
    type: fc.constantFrom(signatureType, signatureType, signatureType, "application/vnd.test.other"),
    judgements: fc.record({ alpha: judgement, beta: judgement }),
  }) as fc.Arbitrary<ModelArtifact>;

/** A few artifacts, found in a few locations, which a few Stores read more or less well. */
export const world: fc.Arbitrary<World> = fc
  .tuple(artifact(0), artifact(1), artifact(2))
  .chain((artifacts) => {
    const location = (key: string): fc.Arbitrary<ModelLocation> =>
      fc
        .record({ referrers: fc.subarray(artifacts), tagged: fc.option(fc.constantFrom(...artifacts), { nil: undefined, freq: 2 }) })
        .map(({ referrers, tagged }) => ({ key, referrers, ...(tagged !== undefined && { tagged }) }));
    return fc.tuple(location("one"), location("two"));
  })
  .chain((locations) => {
    const store = (name: string): fc.Arbitrary<ModelStore> =>
      fc
        .record({
          location: fc.constantFrom(...locations),
          evidence: fc.constantFrom("Required" as const, "Required" as const, "Optional" as const),
          listingFails: fc.option(fc.record({ after: fc.nat(2), class: fc.constant("AuthenticationFailed" as const) }), {
            nil: undefined,
            freq: 1,
          }),
          tagFails: fc.option(fc.constant("ServerError" as const), { nil: undefined, freq: 4 }),
          lies: fc.constantFrom(false, false, true),
          invalid: fc.constantFrom(false, false, false, false, false, true),
        })
        .map(({ listingFails, tagFails, ...rest }) => ({
          name,
          ...rest,
          ...(listingFails !== undefined && { listingFails }),
          ...(tagFails !== undefined && { tagFails }),
        }));
    return fc.record({
      stores: fc.tuple(store("a"), store("b"), store("c"), store("d")).chain((stores) => fc.subarray(stores, { minLength: 1 })),
      verifiers: fc.subarray([...verifierNames], { minLength: 1 }),
      isVerifierMissing: fc.constantFrom(false, false, false, true),
    });
  });

export interface WorldOptions {
  readonly gate?: Gate;
  readonly trace?: Trace;
  /** Default: the built-in one. */
  readonly policies?: readonly ViewPolicy[];
}

export function viewOfWorld({ stores, verifiers, isVerifierMissing }: World, options: WorldOptions = {}): View {
  const { gate = atOnce, trace = [] } = options;
  const entries: readonly ViewVerifier[] = [
    ...verifiers.map((name) => ({ name, verifier: modelVerifier(name, gate, trace) })),
    ...(isVerifierMissing ? [{ name: "missing", problem: "KeyProvider/gone does not exist" }] : []),
  ];
  return {
    revision: "r1",
    stores: stores.map((store) => viewStore(store, gate, trace)),
    verifiers: entries,
    policies: options.policies ?? [builtInPolicy(entries)],
  };
}
