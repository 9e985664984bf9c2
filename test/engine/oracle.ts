import { subjectDigest, digestOfArtifact, type ModelArtifact, type ModelStore, signatureType } from "./model.ts";

export interface World {
  readonly stores: readonly ModelStore[];
  readonly verifiers: readonly string[];
  /** A Verifier is not ready. */
  readonly isVerifierMissing: boolean;
}

/** The verdict by the words of design 6, told without any order: everything is asked and waited for. Independent of src/engine. */
export function expectedOutcome({ stores, verifiers, isVerifierMissing }: World): "allow" | "deny" | "inconclusive" {
  const claims = new Map<string, { artifact: ModelArtifact; byTag: boolean; required: boolean; isRead: boolean }>();
  let isComplete = !isVerifierMissing && !stores.some((store) => store.invalid === true && store.evidence !== "Optional");
  const locations = Map.groupBy(
    stores.filter((store) => store.invalid !== true),
    (store) => store.location.key,
  );
  for (const members of locations.values()) {
    const required = members.some((store) => store.evidence !== "Optional");
    const location = members[0]?.location ?? { key: "", referrers: [] };
    const isListed = members.some((store) => store.listingFails === undefined);
    const isTagListed = isListed && members.some((store) => store.tagFails === undefined);
    const isRead = members.some((store) => store.lies !== true);
    const reach = isListed ? location.referrers.length : Math.max(0, ...members.map((store) => store.listingFails?.after ?? 0));
    const named = [
      ...location.referrers.slice(0, reach).map((artifact) => ({ artifact, byTag: false })),
      ...(isTagListed && location.tagged !== undefined ? [{ artifact: location.tagged, byTag: true }] : []),
    ];
    // A type that no verifier knows is dropped; what the tag names is taken for a signature until it is read.
    for (const { artifact, byTag } of named.filter((one) => one.byTag || one.artifact.type === signatureType)) {
      const digest = digestOfArtifact(artifact);
      const known = claims.get(digest) ?? { artifact, byTag: false, required: false, isRead: false };
      claims.set(digest, {
        artifact,
        byTag: known.byTag || byTag,
        required: known.required || required,
        isRead: known.isRead || isRead,
      });
    }
    if (required && !isTagListed) isComplete = false;
  }
  for (const { artifact, byTag, required, isRead } of claims.values()) {
    if (!isRead) {
      if (required) isComplete = false;
      continue;
    }
    if (!byTag && artifact.subject !== subjectDigest) continue;
    if (artifact.type !== signatureType) continue;
    const judgements = verifiers.map((name) => artifact.judgements?.[name] ?? "rejected");
    if (judgements.some((judgement) => judgement.startsWith("by "))) return "allow";
    if (required && judgements.includes("throws")) isComplete = false;
  }
  return isComplete ? "deny" : "inconclusive";
}
