import type { ExpressionEvidence, ExpressionInput } from "../../src/api/expression.ts";

const digest = `sha256:${"ab".repeat(32)}`;

/** An entry of evidence: a signature by alice that stands, but for what a test says. */
export function entry(changes: Partial<ExpressionEvidence> = {}): ExpressionEvidence {
  return {
    digest,
    artifactType: "application/vnd.dev.sigstore.bundle.v0.3+json",
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    size: 812,
    verifier: "release",
    verified: true,
    reason: "",
    signers: [{ id: "alice-key", name: "alice" }],
    annotations: {},
    ...changes,
  };
}

/** What an expression sees of an image with this evidence. */
export function input(evidence: readonly ExpressionEvidence[] = [entry()], changes: Partial<ExpressionInput> = {}): ExpressionInput {
  return {
    image: { reference: `ghcr.io/acme/app:1.2@${digest}`, registry: "ghcr.io", repository: "acme/app", tag: "1.2", digest },
    namespace: { name: "shop", labels: { team: "payments" } },
    evidence,
    ...changes,
  };
}

/** Runs for hours: a thousand million steps over 1,024 entries. */
export const endless = "evidence.all(a, evidence.all(b, evidence.all(c, a.size + b.size + c.size >= 0)))";

/** 1,024 entries of size 0 to 1023. */
export const many: readonly ExpressionEvidence[] = Array.from({ length: 1024 }, (_, size) => entry({ size, digest: `sha256:${size}` }));

export const unaborted: AbortSignal = new AbortController().signal;
