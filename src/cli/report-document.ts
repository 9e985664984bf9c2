import type { Failure } from "../api/error-class.ts";
import type { ArtifactReport, ListingState, Report, StoreReport } from "../engine/report.ts";
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
  /** Absent with `allow`. */
  readonly code?: string;
  /** With `allow` and `deny`. */
  readonly reasons?: readonly string[];
  /** With `inconclusive`. */
  readonly causes?: readonly string[];
  readonly complete: boolean;
  readonly stores: readonly StoreDocument[];
  readonly artifacts: readonly ArtifactDocument[];
  readonly viewRevision: string;
  readonly durationMs: number;
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
  readonly artifactType: string;
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
    ...(verdict.outcome !== "allow" && { code: verdict.code }),
    ...(verdict.outcome === "inconclusive" ? { causes: verdict.causes } : { reasons: verdict.reasons }),
    complete: report.complete,
    stores: report.stores.map((store) => toStoreDocument(store, explained.get(store.name))),
    artifacts: report.artifacts.map(toArtifactDocument),
    viewRevision: report.viewRevision,
    durationMs: report.durationMs,
  };
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
    artifactType: artifact.artifactType,
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
      };
    }
    case "rejected":
      return { verifier, outcome, reason: result.reason, message: result.message };
    case "inconclusive":
      return { verifier, outcome, reason: result.cause };
  }
}
