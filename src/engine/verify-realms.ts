import type { OnInconclusive } from "../api/policy.ts";
import { and } from "./kleene.ts";
import type { ArtifactReport, Report, StoreReport, Verdict } from "./report.ts";
import type { VerifyDeps, VerifyRequest } from "./request.ts";
import type { VerificationResult } from "./verifier.ts";
import { verifyImage } from "./verify-image.ts";
import type { View } from "./view.ts";

/** What an image is judged by: the cluster's objects and, where a policy of the namespace applies, those that the namespace sees. */
export interface Realms {
  readonly cluster: View;
  readonly namespaced?: View;
}

/**
 * The cluster's verdict and the namespace's, both of which must allow (design 2.2). Each is found out on its own and remembered on its own, so that nothing
 * a tenant configures has any part in the cluster's answer; what a verifier made of an artifact is shared, since it depends on neither.
 */
export async function verifyRealms(
  request: Omit<VerifyRequest, "view"> & { readonly realms: Realms },
  deps: VerifyDeps,
  signal: AbortSignal,
): Promise<Report> {
  const { realms, ...rest } = request;
  const { cluster, namespaced } = realms;
  if (namespaced === undefined) return await verifyImage({ ...rest, view: cluster }, deps, signal);
  const [first, second] = await Promise.all([
    verifyImage({ ...rest, view: cluster }, deps, signal),
    verifyImage({ ...rest, view: namespaced }, deps, signal),
  ]);
  return combine(first, second);
}

/** Exported for its properties: whatever `tenant` says, what `cluster` does not allow is not allowed. */
export function combine(cluster: Report, tenant: Report): Report {
  const digest = cluster.digest ?? tenant.digest;
  const shared = {
    image: cluster.image,
    ...(digest !== undefined && { digest }),
    complete: cluster.complete && tenant.complete,
    policies: [...cluster.policies, ...tenant.policies],
    stores: mergeStores(cluster.stores, tenant.stores),
    artifacts: mergeArtifacts(cluster.artifacts, tenant.artifacts),
    viewRevision: `${cluster.viewRevision}+${tenant.viewRevision}`,
    durationMs: Math.max(cluster.durationMs, tenant.durationMs),
  };
  // A tag that the tenant's own Stores take for another image: each has judged another one.
  if (cluster.digest !== undefined && tenant.digest !== undefined && cluster.digest !== tenant.digest) {
    const causes = [`${cluster.image} is ${cluster.digest} to the cluster's Stores and ${tenant.digest} to those of the namespace`];
    const summary = `${cluster.image} is inconclusive (TagAmbiguous): ${causes.join()}`;
    return {
      ...shared,
      verdict: { outcome: "inconclusive", code: "TagAmbiguous", causes },
      summary,
      complete: false,
      onInconclusive: "Deny",
    };
  }
  const parts = [cluster, tenant];
  switch (and(parts.map(({ verdict }) => truths[verdict.outcome]))) {
    case "true": {
      const ends = parts.flatMap(({ validUntil }) => validUntil ?? []);
      return { ...shared, verdict: allowOf(parts), summary: cluster.summary, ...(ends.length > 0 && { validUntil: Math.min(...ends) }) };
    }
    case "false":
      return { ...shared, ...decider(parts, "deny") };
    case "unknown":
      return { ...shared, ...decider(parts, "inconclusive"), onInconclusive: strictest(parts) };
  }
}

const truths = { allow: "true", deny: "false", inconclusive: "unknown" } as const;

/** Of those with this outcome the cluster's comes first: who may not change the namespace's objects should not have to read of them. */
function decider(parts: readonly Report[], outcome: Verdict["outcome"]): Pick<Report, "verdict" | "summary"> {
  const part = parts.find(({ verdict }) => verdict.outcome === outcome) ?? parts[0];
  if (part === undefined) throw new TypeError("nothing was combined");
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

/** A cluster's Store that both asked is shown as the cluster's verification saw it. */
function mergeStores(cluster: readonly StoreReport[], tenant: readonly StoreReport[]): readonly StoreReport[] {
  const merged = new Map([...tenant, ...cluster].map((store) => [store.name, store]));
  return [...merged.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function mergeArtifacts(cluster: readonly ArtifactReport[], tenant: readonly ArtifactReport[]): readonly ArtifactReport[] {
  const merged = new Map<string, ArtifactReport>();
  for (const artifact of [...cluster, ...tenant]) {
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
