import type { Digest } from "../../oci/digest.ts";
import { digestAlgorithm, digestHex } from "../../oci/digest.ts";
import { asObject, field } from "../../oci/json.ts";
import { mediaTypes } from "../../oci/media-type.ts";
import { echo } from "../../oci/parsed.ts";
import type { Claims } from "./annotations.ts";
import { reject, type Rejection } from "./finding.ts";
import { parseStrictJSON } from "./strict-json.ts";

/** What cosign signs an image with; any other type of predicate is an attestation, which says something and not that the image is good. */
export const signPredicateType = "https://sigstore.dev/cosign/sign/v1";
const statementTypes: readonly unknown[] = ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];
/** In bytes; a signature has about 300, but an attestation is to be told from one by its predicate type, and may hold an SBOM. */
const longestStatement = 4 * 1024 * 1024;
/** cosign writes one. */
const mostSubjects = 64;

export interface Payload {
  readonly payloadType: string;
  readonly payload: Uint8Array;
}

/**
 * Judges what a bundle signs: an in-toto Statement whose predicate is cosign's signature and one of whose subjects is `subject`.
 * @returns what else it says if it is a signature of `subject`: cosign 3 writes what `-a` adds beside the digest, as `subject[].annotations`
 */
export function judgeStatement({ payloadType, payload }: Payload, subject: Digest): Claims | Rejection {
  if (payloadType !== mediaTypes.inToto) return reject("NotASignature", `The signed payload is of type "${echo(payloadType)}"`);
  const parsed = parseStrictJSON(payload, "The signed statement", longestStatement);
  if (!parsed.ok) return reject("Malformed", parsed.message);
  const statement = asObject(parsed.value);
  if (statement === undefined || !statementTypes.includes(field(statement, "_type")))
    return reject("Malformed", "The signed payload is not an in-toto Statement");
  const predicateType = field(statement, "predicateType");
  if (typeof predicateType !== "string") return reject("Malformed", 'The signed statement has no "predicateType"');
  if (predicateType !== signPredicateType) return notASignature(predicateType);
  const subjects = field(statement, "subject");
  if (!Array.isArray(subjects) || subjects.length > mostSubjects)
    return reject("Malformed", `The signed statement has no list of at most ${mostSubjects} subjects`);
  const ours = subjects.filter((entry: unknown) => hasDigest(entry, subject));
  if (ours.length === 0)
    return reject("WrongSubject", "The signature is of another image: no subject of the signed statement has this image's digest");
  // in-toto Statement v1 §ResourceDescriptor: annotations are of one subject, and those of another image are not this one's.
  return { annotations: ours.map((entry: unknown) => asObject(field(asObject(entry) ?? {}, "annotations")) ?? {}) };
}

/** An attestation, by its predicate type. */
export function notASignature(predicateType: string): Rejection {
  return reject("NotASignature", `The artifact is an attestation of type "${echo(predicateType)}", not a signature of the image`);
}

/** in-toto Statement v1 §subject: `digest` maps the name of an algorithm to hex. */
function hasDigest(entry: unknown, subject: Digest): boolean {
  const digests = asObject(field(asObject(entry) ?? {}, "digest"));
  return digests !== undefined && field(digests, digestAlgorithm(subject)) === digestHex(subject);
}
