import type { ErrorClass } from "../api/error-class.ts";
import { failed, TransportError } from "./transport-error.ts";

/** How a Node or undici error code reads in a status (registry-auth.md 6.3). */
const classes: ReadonlyMap<string, { readonly class: ErrorClass; readonly detail: string }> = new Map(
  [
    [
      "DNSFailure",
      "the host name does not resolve",
      ["ENOTFOUND", "EAI_AGAIN", "EAI_NODATA", "EAI_NONAME", "EAI_FAIL", "ENODATA", "ESERVFAIL"],
    ],
    ["ConnectionRefused", "the connection was refused", ["ECONNREFUSED"]],
    ["ConnectionRefused", "the host is unreachable", ["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "EADDRNOTAVAIL", "EACCES", "EPERM"]],
    [
      "ConnectionReset",
      "the connection was closed before the answer was complete",
      ["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET", "UND_ERR_RES_CONTENT_LENGTH_MISMATCH"],
    ],
    ["Timeout", "no answer in time", ["ETIMEDOUT", "UND_ERR_CONNECT_TIMEOUT", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"]],
    ["TLSFailure", "the certificate has expired", ["CERT_HAS_EXPIRED"]],
    ["TLSFailure", "the certificate is not valid yet", ["CERT_NOT_YET_VALID"]],
    [
      "TLSFailure",
      "the certificate is signed by an authority that is not trusted",
      [
        "DEPTH_ZERO_SELF_SIGNED_CERT",
        "SELF_SIGNED_CERT_IN_CHAIN",
        "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
        "UNABLE_TO_GET_ISSUER_CERT",
        "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
        "CERT_SIGNATURE_FAILURE",
        "CERT_UNTRUSTED",
        "CERT_REJECTED",
        "INVALID_CA",
        "INVALID_PURPOSE",
      ],
    ],
    ["TLSFailure", "the certificate is for another name", ["ERR_TLS_CERT_ALTNAME_INVALID", "HOSTNAME_MISMATCH"]],
    [
      "TLSFailure",
      "the TLS handshake failed; does this port speak TLS?",
      ["EPROTO", "ERR_SSL_WRONG_VERSION_NUMBER", "ERR_TLS_HANDSHAKE_TIMEOUT"],
    ],
    ["ProtocolError", "what answered does not speak HTTP", ["UND_ERR_RES_EXCEEDED_MAX_SIZE"]],
    ["ProtocolError", "the headers of the answer are too long", ["UND_ERR_HEADERS_OVERFLOW", "HPE_HEADER_OVERFLOW"]],
  ].flatMap(([failureClass, detail, codes]) =>
    (codes as readonly string[]).map((code) => [code, { class: failureClass as ErrorClass, detail: detail as string }]),
  ),
);

/** A wrapped error is looked into this deep: undici wraps once, Node's happy eyeballs once. */
const deepest = 5;

/**
 * What an error below HTTP means. Only codes are looked at, and only the code is repeated: messages and properties of such errors hold addresses and
 * certificates. Of several addresses that failed, the first whose code is known speaks for all.
 */
export function classify(error: unknown, host: string): TransportError {
  const own = find(error, (candidate) => (candidate instanceof TransportError ? candidate : undefined));
  if (own !== undefined) return own;
  const named = find(error, (candidate) => {
    const code = codeOf(candidate);
    const known = code === undefined ? undefined : lookup(code);
    return known === undefined || code === undefined ? undefined : { ...known, code };
  });
  if (named !== undefined) return failed(named.class, host, `${named.detail} (${named.code})`);
  if (hasName(error, "HTTPParserError")) return failed("ProtocolError", host, "what answered does not speak HTTP");
  if (hasName(error, "TimeoutError")) return failed("Timeout", host, "no answer in time");
  const code = find(error, codeOf);
  return failed("Internal", host, `the request failed${code === undefined ? "" : ` (${code})`}`);
}

function lookup(code: string): { readonly class: ErrorClass; readonly detail: string } | undefined {
  if (code.startsWith("ERR_SSL_")) return classes.get(code) ?? { class: "TLSFailure", detail: "the TLS handshake failed" };
  if (code.startsWith("HPE_")) return classes.get(code) ?? { class: "ProtocolError", detail: "what answered does not speak HTTP" };
  return classes.get(code);
}

/** Depth first, causes before siblings. */
function find<T>(error: unknown, pick: (candidate: unknown) => T | undefined, depth = 0): T | undefined {
  if (depth > deepest || !(error instanceof Error)) return undefined;
  const picked = pick(error);
  if (picked !== undefined) return picked;
  const parts = error instanceof AggregateError ? (error.errors as readonly unknown[]).slice(0, 8) : [];
  for (const inner of [error.cause, ...parts]) {
    const found = find(inner, pick, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For the two that have no code of that kind: undici's parser, and a DOMException, whose code is a number. */
function hasName(error: unknown, name: string): boolean {
  return find(error, (candidate) => (candidate instanceof Error && candidate.name === name ? true : undefined)) === true;
}

function codeOf(candidate: unknown): string | undefined {
  const code = candidate instanceof Error && "code" in candidate ? candidate.code : undefined;
  return typeof code === "string" && /^[A-Z0-9_]{1,64}$/.test(code) ? code : undefined;
}
