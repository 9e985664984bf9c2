import type { ExpressionInput } from "../api/expression.ts";
import type { Expressions } from "../engine/expression.ts";
import type { VerificationResult, Verifier, VerifyInput } from "../engine/verifier.ts";
import type { Sequence } from "./sequence.ts";

/** A longer one is compared by its beginning. */
const longestResult = 1024;

/** A Verifier whose questions and answers come through the sequence; it judges in a replay as it did before. */
export function sequencedVerifier(source: Verifier, sequence: Sequence): Verifier {
  return {
    name: source.name,
    kind: source.kind,
    ...(source.signedBy !== undefined && { signedBy: source.signedBy }),
    canVerify: (referrer) => source.canVerify(referrer),
    verify: (input, signal) => {
      const call = sequence.name(`${source.name} verify ${input.artifact.descriptor.digest} of ${input.subject.digest}`);
      return sequence.again(call, async () => source.verify(askingInOrder(input, call, sequence), signal), describeResult);
    },
  };
}

/** Verifiers work beside the engine: when they ask it for a layer is as much a thing from outside as what they answer. */
function askingInOrder(input: VerifyInput, call: string, sequence: Sequence): VerifyInput {
  return {
    ...input,
    fetch: async (layer, signal) => {
      await sequence.again(
        sequence.name(`${call} asks ${layer.digest}`),
        () => Promise.resolve(),
        () => "asked",
      );
      return await input.fetch(layer, signal);
    },
  };
}

function describeResult(result: VerificationResult): string {
  switch (result.outcome) {
    case "verified":
      return cut(
        `verified by ${result.signers.map(({ id }) => id).join(", ")}${result.incomplete === undefined ? "" : " and perhaps others"}`,
      );
    case "rejected":
      return `rejected: ${result.reason}`;
    case "inconclusive":
      return cut(`inconclusive: ${result.cause}`);
  }
}

/** Expressions whose values come through the sequence; they are evaluated again in a replay. */
export function sequencedExpressions(source: Expressions, sequence: Sequence): Expressions {
  return {
    evaluate: (expression: string, input: ExpressionInput, signal: AbortSignal) =>
      sequence.again(sequence.name(`expression ${cut(expression)}`), async () => source.evaluate(expression, input, signal), String),
  };
}

function cut(text: string): string {
  return text.slice(0, longestResult);
}
