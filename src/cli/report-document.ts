import type { Failure } from "../api/error-class.ts";
import type { Truth } from "../engine/kleene.ts";
import type { ArtifactReport, LeafReport, ListingState, PolicyReport, Report, StoreReport } from "../engine/report.ts";
import type { VerificationResult } from "../engine/verifier.ts";
import type { Explanation, StoreExplanation } from "../snapshot/explanation.ts";

/** Changes only when a field changes its meaning or goes; fields are added without. */
const version = "v1";

/** What `verify -o json` prints of one image (docs/reference/cli.md). Nothing secret. */
export interface ReportDocument {
  readonly version: typeof version;
  readonly subject: string;
  readonly digest?: string;
  readonly verdict: Report["verdict"]["outcome"];
  /** The shortest sentence that is true. */
  readonly summary: string;
  /** Absent with `allow`. */
  readonly code?: string;
  /** With `allow` and `deny`. */
  readonly reasons?: readonly string[];
  /** With `inconclusive`. */
  readonly causes?: readonly string[];
  /** With `inconclusive`: what a door makes of it. */
  readonly onInconclusive?: string;
  /** With an `allow` that stands on an exception: RFC 3339, when that ends. */
  readonly validUntil?: string;
  readonly complete: boolean;
  readonly policies: readonly PolicyDocument[];
  readonly stores: readonly StoreDocument[];
  readonly artifacts: readonly ArtifactDocument[];
  readonly viewRevision: string;
  readonly durationMs: number;
}
interface PolicyDocument {
  readonly name: string;
  readonly enforcement: string;
  readonly onInconclusive: string;
  readonly verdict: Report["verdict"]["outcome"];
  readonly reason: string;
  /** What let the image through whatever was found. */
  readonly exception?: { readonly reason: string; readonly expirationTime: string };
  readonly requirements: readonly RequirementDocument[];
}
interface RequirementDocument {
  readonly name?: string;
  readonly value: Truth;
  readonly anyOf: readonly LeafDocument[];
}
/** Of a Verifier, or of an expression. */
interface LeafDocument {
  readonly value: Truth;
  readonly reason: string;
  readonly verifier?: string;
  readonly atLeast?: number;
  readonly count?: string;
  readonly every?: boolean;
  readonly has?: number;
  readonly signers?: readonly string[];
  readonly expression?: string;
}
interface StoreDocument {
  readonly name: string;
  readonly location?: string;
  readonly evidence: "Required" | "Optional";
  readonly outcome: ListingState;
  /** Of the first failure. */
  readonly errorClass?: string;
  readonly failures: readonly Pick<Failure, "class" | "message">[];
  readonly artifacts: number;
  /** `kind`: what the choice of a credential came to, as `explain` says it; `None` where the store sends none. */
  readonly credential: { readonly authProvider?: string; readonly kind: NonNullable<StoreExplanation["outcome"]> | "None" };
  /** Absent where nothing was asked of it. */
  readonly durationMs?: number;
}
interface ArtifactDocument {
  readonly digest: string;
  /** What it refers to: the image, or another artifact. */
  readonly subject: string;
  readonly artifactType: string;
  readonly mediaType: string;
  readonly size: number;
  /** The stores that hold it. */
  readonly stores: readonly string[];
  readonly readFrom?: string;
  readonly results: readonly ResultDocument[];
}
interface ResultDocument {
  readonly verifier: string;
  readonly outcome: VerificationResult["outcome"];
  /** With `rejected`, from the closed list in docs/reference/verifier.md; with `inconclusive`, what could not be found out. */
  readonly reason?: string;
  readonly message?: string;
  /** With `verified`: the first signer's name; all of them stand in `signers`. */
  readonly signer?: string;
  readonly signers?: readonly { readonly id: string; readonly name: string }[];
  /** With `verified`: why there may be more signers than these. */
  readonly incomplete?: string;
}

/** The stable form of a report; `explanation` is of the same image and adds which credential each store was asked with. */
export function toReportDocument(report: Report, explanation: Explanation): ReportDocument {
  const { verdict } = report;
  const explained = new Map(explanation.stores.map((store) => [store.name, store]));
  return {
    version,
    subject: report.image,
    ...(report.digest !== undefined && { digest: report.digest }),
    verdict: verdict.outcome,
    summary: report.summary,
    ...(verdict.outcome !== "allow" && { code: verdict.code }),
    ...(verdict.outcome === "inconclusive" ? { causes: verdict.causes } : { reasons: verdict.reasons }),
    ...(report.onInconclusive !== undefined && { onInconclusive: report.onInconclusive }),
    ...(report.validUntil !== undefined && { validUntil: timeText(report.validUntil) }),
    complete: report.complete,
    policies: report.policies.map(toPolicyDocument),
    stores: report.stores.map((store) => toStoreDocument(store, explained.get(store.name))),
    artifacts: report.artifacts.map(toArtifactDocument),
    viewRevision: report.viewRevision,
    durationMs: report.durationMs,
  };
}

function toPolicyDocument(policy: PolicyReport): PolicyDocument {
  const { name, enforcement, onInconclusive, outcome, reason, exception, requirements } = policy;
  return {
    name,
    enforcement,
    onInconclusive,
    verdict: outcome,
    reason,
    ...(exception !== undefined && { exception: { reason: exception.reason, expirationTime: timeText(exception.expirationTime) } }),
    requirements: requirements.map((requirement) => ({
      ...(requirement.name !== undefined && { name: requirement.name }),
      value: requirement.value,
      anyOf: requirement.leaves.map(toLeafDocument),
    })),
  };
}

function toLeafDocument(leaf: LeafReport): LeafDocument {
  const { value, reason } = leaf;
  if ("expression" in leaf) return { value, reason, expression: leaf.expression };
  const { verifier, atLeast, count, every, has, signers } = leaf;
  return { value, reason, verifier, atLeast, count, every, has, signers };
}

/** RFC 3339 in UTC. */
function timeText(time: number): string {
  return new Date(time).toISOString();
}

function toStoreDocument(store: StoreReport, explained: StoreExplanation | undefined): StoreDocument {
  const [first] = store.failures;
  return {
    name: store.name,
    ...(store.location !== undefined && { location: store.location }),
    evidence: store.evidence,
    outcome: store.listing,
    ...(first !== undefined && { errorClass: first.class }),
    failures: store.failures.map((failure) => ({ class: failure.class, message: failure.message })),
    artifacts: store.artifacts,
    credential: {
      ...(explained?.authProvider !== undefined && { authProvider: explained.authProvider.name }),
      kind: explained?.outcome ?? "None",
    },
    ...(store.durationMs !== undefined && { durationMs: store.durationMs }),
  };
}

function toArtifactDocument(artifact: ArtifactReport): ArtifactDocument {
  return {
    digest: artifact.digest,
    subject: artifact.subject,
    artifactType: artifact.artifactType,
    mediaType: artifact.mediaType,
    size: artifact.size,
    stores: artifact.heldBy,
    ...(artifact.readFrom !== undefined && { readFrom: artifact.readFrom }),
    results: artifact.results.map(toResultDocument),
  };
}

function toResultDocument(result: VerificationResult): ResultDocument {
  const { verifier, outcome } = result;
  switch (result.outcome) {
    case "verified": {
      const [first] = result.signers;
      return {
        verifier,
        outcome,
        ...(first !== undefined && { signer: first.name }),
        signers: result.signers.map(({ id, name }) => ({ id, name })),
        ...(result.incomplete !== undefined && { incomplete: result.incomplete }),
      };
    }
    case "rejected":
      return { verifier, outcome, reason: result.reason, message: result.message };
    case "inconclusive":
      return { verifier, outcome, reason: result.cause };
  }
}
