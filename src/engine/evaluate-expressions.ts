import { ExpressionError, type ExpressionEvidence, type ExpressionInput } from "../api/expression.ts";
import { printReference } from "../oci/reference.ts";
import { registryOf, repositoryPath } from "../oci/repository.ts";
import type { Findings } from "./evidence.ts";
import { evaluatePolicies, openExpressions } from "./policy.ts";
import type { JudgeRequest, VerifyDeps } from "./request.ts";

/** Asked of an expression where nobody can evaluate any. */
const unavailable = "expressions cannot be evaluated here";

/**
 * Gives the expressions that policies still wait for their values, once everything has been found. Nothing is asked on incomplete evidence. `true` counts on
 * whole evidence only: an expression can say that something is *not* there, and what an Optional Store that failed would have shown must not be taken for absent.
 */
export async function evaluateExpressions(
  state: { readonly request: JudgeRequest; readonly findings: Findings; readonly expressionFailures: Map<string, string> },
  deps: Pick<VerifyDeps, "expressions">,
  signal: AbortSignal,
): Promise<void> {
  const { request, findings, expressionFailures } = state;
  if (!findings.isAllComplete("required")) return;
  const isWhole = findings.isAllComplete("whole");
  const input = toInput(request, findings);
  const open = openExpressions(evaluatePolicies(request.view, findings, request.occasion));
  await Promise.all(
    open.map(async (expression) => {
      const unseen = unseenOf(expression, request);
      if (unseen !== undefined) {
        expressionFailures.set(expression, unseen);
        return;
      }
      try {
        const value: unknown = await deps.expressions?.evaluate(expression, input, signal);
        if (deps.expressions === undefined) expressionFailures.set(expression, unavailable);
        // What counts as true in JavaScript is a great deal.
        else if (typeof value !== "boolean") expressionFailures.set(expression, "it gives neither true nor false");
        else if (!value) findings.expressions.set(expression, "false");
        else if (isWhole) findings.expressions.set(expression, "true");
        else
          expressionFailures.set(
            expression,
            "it holds for what was found, and a Store with evidence: Optional did not show all that it has",
          );
      } catch (error) {
        if (signal.aborted) return;
        expressionFailures.set(expression, error instanceof ExpressionError ? error.message : "it failed in an unforeseen way");
      }
    }),
  );
}

/**
 * What it looks at, and nobody has seen. An expression can say that a label is *not* there, or that the namespace is *not* one of a list: that it is not known
 * must be taken for neither.
 */
function unseenOf(expression: string, { namespace }: JudgeRequest): string | undefined {
  if (namespace?.labels !== undefined) return undefined;
  const looksAt = namespace === undefined ? expression : expression.replaceAll(/\bnamespaceObject\s*\.\s*name\b/gu, "");
  if (!looksAt.includes("namespaceObject")) return undefined;
  return namespace === undefined ? "it looks at the namespace, and none is known" : "the labels of the namespace are not known";
}

function toInput({ reference, digest, namespace, view }: JudgeRequest, findings: Findings): ExpressionInput {
  const { repository, tag } = reference;
  const names = new Set(view.verifiers.map(({ name }) => name));
  return {
    image: {
      reference: printReference(reference),
      registry: registryOf(repository),
      repository: repositoryPath(repository),
      tag: tag ?? "",
      digest,
    },
    namespace: { name: namespace?.name ?? "", labels: namespace?.labels ?? {} },
    evidence: findings.artifactReports().flatMap((artifact) =>
      artifact.results
        .filter((result) => names.has(result.verifier))
        .map(
          (result): ExpressionEvidence => ({
            digest: artifact.digest,
            artifactType: artifact.artifactType,
            mediaType: artifact.mediaType,
            size: artifact.size,
            verifier: result.verifier,
            verified: result.outcome === "verified",
            reason: result.outcome === "rejected" ? result.reason : "",
            signers: result.outcome === "verified" ? result.signers : [],
            annotations: findings.annotationsOf(artifact.digest),
          }),
        ),
    ),
  };
}
