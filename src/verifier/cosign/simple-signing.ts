import { asObject, field } from "../../oci/json.ts";
import { echo } from "../../oci/parsed.ts";
import type { Claims } from "./annotations.ts";
import { reject, type Rejection } from "./finding.ts";
import { parseStrictJSON } from "./strict-json.ts";

/** In bytes; cosign writes about 250, and what `--annotations` adds is a few lines. */
export const longestPayload = 256 * 1024;
const signatureType = "cosign container image signature";

/**
 * Judges what a legacy signature signs (containers/image "simple signing", as cosign writes it): a statement that it is an image's signature, and of which
 * digest. `critical.identity.docker-reference` is where it was signed, not what: images are copied, and cosign does not compare it either.
 * @returns what else it says if it is a signature of `subject`: `optional` has what `cosign sign -a` adds, and is null without
 */
export function judgePayload(bytes: Uint8Array, subject: string): Claims | Rejection {
  const parsed = parseStrictJSON(bytes, "The signed payload", longestPayload);
  if (!parsed.ok) return reject("Malformed", parsed.message);
  const payload = asObject(parsed.value) ?? {};
  const critical = asObject(field(payload, "critical"));
  if (critical === undefined) return reject("Malformed", 'The signed payload has no object "critical"');
  const type = field(critical, "type");
  if (typeof type !== "string") return reject("Malformed", 'The signed payload has no "critical.type"');
  if (type !== signatureType) return reject("NotASignature", `What is signed is "${echo(type)}" and not "${signatureType}"`);
  const digest = field(asObject(field(critical, "image")) ?? {}, "docker-manifest-digest");
  if (typeof digest !== "string") return reject("Malformed", 'The signed payload has no "critical.image.docker-manifest-digest"');
  if (digest !== subject) return reject("WrongSubject", "The signature is of another image: the signed digest is not this image's");
  return { annotations: [asObject(field(payload, "optional")) ?? {}] };
}
