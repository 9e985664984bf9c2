import type { OnInconclusive } from "../api/policy.ts";
import type { Digest } from "../oci/digest.ts";
import { and } from "./kleene.ts";
import type { ArtifactReport, PolicyReport, Report, StoreReport, Verdict } from "./report.ts";
import type { VerificationResult } from "./verifier.ts";

const truths = { allow: "true", deny: "false", inconclusive: "unknown" } as const;

/**
 * One report of several on the same image, all of which must allow: of the cluster and a namespace, or by several policies. Of those that decide the first
 * speaks: the cluster's, since who may not change the namespace's objects should not have to read of them. Whatever a part says, what another does not allow
 * is not allowed.
 */
export function combine(parts: readonly Report[]): Report {
  const [first] = parts;
  if (first === undefined) throw new TypeError("nothing was combined");
  if (parts.length === 1) return first;
  const digests = [...new Set(parts.flatMap(({ digest }) => digest ?? []))];
  const shared = sharedOf(parts, first, digests[0]);
  const value = and(parts.map(({ verdict }) => truths[verdict.outcome]));
  // A tag that a tenant's own Stores take for another image: each has judged another one, and what either denies is denied.
  if (digests.length > 1 && value !== "false") {
    const causes = [`${first.image} is ${digests.join(" by some Stores, and ")} by others`];
    const summary = `${first.image} is inconclusive (TagAmbiguous): ${causes.join()}`;
    return {
      ...shared,
      verdict: { outcome: "inconclusive", code: "TagAmbiguous", causes },
      summary,
      complete: false,
      onInconclusive: "Deny",
    };
  }
  switch (value) {
    case "true": {
      const ends = parts.flatMap(({ validUntil }) => validUntil ?? []);
      return { ...shared, verdict: allowOf(parts), summary: first.summary, ...(ends.length > 0 && { validUntil: Math.min(...ends) }) };
    }
    case "false":
      return { ...shared, ...decider(parts, "deny") };
    case "unknown":
      return { ...shared, ...decider(parts, "inconclusive"), onInconclusive: strictest(parts) };
  }
}

/** One report of the manifests of an index: each policy as the manifest that it likes least has it. */
export function worstOf(platforms: readonly Report[], digest: Digest): Report {
  const combined = combine(platforms.map((report) => ({ ...report, digest })));
  const byPolicy = Map.groupBy(combined.policies, ({ name }) => name);
  const badness = { deny: 0, inconclusive: 1, allow: 2 } as const;
  const worst = [...byPolicy.values()].flatMap((policies): readonly PolicyReport[] =>
    policies.toSorted((a, b) => badness[a.outcome] - badness[b.outcome]).slice(0, 1),
  );
  return { ...combined, policies: worst };
}

function sharedOf(parts: readonly Report[], first: Report, digest: Digest | undefined): Omit<Report, "verdict" | "summary"> {
  return {
    image: first.image,
    ...(digest !== undefined && { digest }),
    complete: parts.every(({ complete }) => complete),
    policies: parts.flatMap(({ policies }) => policies),
    stores: mergeStores(parts),
    artifacts: mergeArtifacts(parts),
    viewRevision: [...new Set(parts.map(({ viewRevision }) => viewRevision))].join("+"),
    durationMs: Math.max(...parts.map(({ durationMs }) => durationMs)),
  };
}

function decider(parts: readonly Report[], outcome: Verdict["outcome"]): Pick<Report, "verdict" | "summary"> {
  const part = parts.find(({ verdict }) => verdict.outcome === outcome);
  if (part === undefined) throw new TypeError("no part has the outcome that decides");
  return { verdict: part.verdict, summary: part.summary };
}

function allowOf(parts: readonly Report[]): Verdict {
  const reasons = parts.flatMap(({ verdict }) => (verdict.outcome === "allow" ? verdict.reasons : []));
  return { outcome: "allow", reasons: [...new Set(reasons)] };
}

const strictness: readonly OnInconclusive[] = ["Allow", "Warn", "Deny"];

function strictest(parts: readonly Report[]): OnInconclusive {
  const open = parts.filter(({ verdict }) => verdict.outcome === "inconclusive");
  const ranks = open.map(({ onInconclusive }) => strictness.indexOf(onInconclusive ?? "Deny"));
  return strictness[Math.max(...ranks)] ?? "Deny";
}

/** A Store that several asked is shown as the first of them saw it. */
function mergeStores(parts: readonly Report[]): readonly StoreReport[] {
  const merged = new Map(parts.toReversed().flatMap(({ stores }) => stores.map((store) => [store.name, store] as const)));
  return [...merged.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function mergeArtifacts(parts: readonly Report[]): readonly ArtifactReport[] {
  const merged = new Map<string, ArtifactReport>();
  for (const artifact of parts.flatMap(({ artifacts }) => artifacts)) {
    const key = `${artifact.subject} ${artifact.digest}`;
    const known = merged.get(key);
    merged.set(key, known === undefined ? artifact : mergeArtifact(known, artifact));
  }
  return [...merged.values()];
}

function mergeArtifact(first: ArtifactReport, second: ArtifactReport): ArtifactReport {
  const results = new Map<string, VerificationResult>();
  for (const result of [...second.results, ...first.results]) results.set(result.verifier, result);
  return {
    ...second,
    ...first,
    heldBy: [...new Set([...first.heldBy, ...second.heldBy])].toSorted(),
    results: [...results.values()].toSorted((a, b) => (a.verifier < b.verifier ? -1 : 1)),
  };
}
