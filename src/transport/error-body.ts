import { asObject, field, parseJSON } from "../oci/json.ts";

/** What a registry says of itself why it refused: the codes, and the one piece of knowledge that some hide in a sentence. */
export interface ErrorBody {
  /** Eight at most. */
  readonly codes: readonly string[];
  /** ECR answers 403, and ECR Public 400, where it means 401: the token is no longer good (oras #1227). */
  readonly isExpiredToken: boolean;
}

const longest = 65_536;
const mostErrors = 8;

/** distribution-spec v1.1.1 §error-codes. Messages are looked at, never repeated: they may echo what was sent. */
export function parseErrorBody(body: Uint8Array): ErrorBody {
  const json = parseJSON(body, "The error", { bytes: longest, depth: 16 });
  const object = json.ok ? asObject(json.value) : undefined;
  const listed = object === undefined ? undefined : field(object, "errors");
  const errors = Array.isArray(listed) ? (listed as readonly unknown[]).slice(0, mostErrors).map((item) => asObject(item)) : [];
  const codes: string[] = [];
  let isExpiredToken = false;
  for (const error of errors) {
    const code = error === undefined ? undefined : field(error, "code");
    if (error === undefined || typeof code !== "string" || !/^[A-Za-z_]{1,64}$/.test(code)) continue;
    codes.push(code.toUpperCase());
    const message = field(error, "message");
    if (code.toUpperCase() === "DENIED" && typeof message === "string" && /authorization token has expired|token is invalid/i.test(message))
      isExpiredToken = true;
  }
  return { codes, isExpiredToken };
}
