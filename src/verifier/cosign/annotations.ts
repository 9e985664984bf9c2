import type { RequiredAnnotation } from "../../api/verifier.ts";
import { field } from "../../oci/json.ts";
import { echo } from "../../oci/parsed.ts";
import { reject, type Rejection } from "./finding.ts";

/** What was signed of an image's signature, besides the image; the annotations of each place that says so, not all of them texts. */
export interface Claims {
  readonly annotations: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Whether one of the places has every annotation that is required, each with exactly its value; cosign compares likewise. Judged last, when the signature is
 * known to be a trusted key's: what anybody else signed says nothing.
 * @returns undefined if one has; names are echoed, values never
 */
export function judgeAnnotations(required: readonly RequiredAnnotation[], { annotations }: Claims): Rejection | undefined {
  const lacking = annotations.map((signed) => required.filter(({ name, value }) => field(signed, name) !== value));
  if (required.length === 0 || lacking.some((names) => names.length === 0)) return undefined;
  const [missing = required] = lacking;
  const [first] = missing;
  const isThere = first !== undefined && annotations.some((signed) => field(signed, first.name) !== undefined);
  const name = `"${echo(first?.name ?? "", 63)}"`;
  const more = missing.length > 1 ? ` (and ${missing.length - 1} more)` : "";
  return isThere
    ? reject("AnnotationMissing", `A trusted key signed another value of the annotation ${name} than is required${more}`)
    : reject("AnnotationMissing", `A trusted key signed the image without the annotation ${name} that is required${more}`);
}
