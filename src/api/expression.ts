import { CodedError } from "../kernel/error.ts";

/** A CEL expression could not be evaluated: it says nothing of the image, which makes its policy inconclusive. `message` is for people and echoes no value. */
export class ExpressionError extends CodedError<
  "EXPRESSION_FAILED" | "EXPRESSION_TIMEOUT" | "EXPRESSION_NOT_BOOLEAN" | "EXPRESSION_INVALID"
> {}

/** What an expression sees (docs/reference/expressions.md). Plain data: it crosses to a worker. */
export interface ExpressionInput {
  readonly image: {
    /** As it was asked for. */
    readonly reference: string;
    readonly registry: string;
    readonly repository: string;
    readonly tag: string;
    readonly digest: string;
  };
  /** Of the object that wants to run the image; empty where none is known. In CEL it is called `namespaceObject`: `namespace` is a reserved word. */
  readonly namespace: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  /** Every artifact × every verifier that judged it, sorted by digest, then verifier. */
  readonly evidence: readonly ExpressionEvidence[];
}
/** Without the Stores that hold it: which of two that read one location has listed it is a matter of who was faster, and no verdict may hang on that. */
export interface ExpressionEvidence {
  readonly digest: string;
  readonly artifactType: string;
  readonly mediaType: string;
  readonly size: number;
  /** `name`, or `namespace/name`. */
  readonly verifier: string;
  readonly verified: boolean;
  /** Reason of a rejection; empty if verified. */
  readonly reason: string;
  readonly signers: readonly { readonly id: string; readonly name: string }[];
  readonly annotations: Readonly<Record<string, string>>;
}
