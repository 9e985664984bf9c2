import { CodedError, type Remedy } from "../kernel/error.ts";

/**
 * `KUBE_CONFIG_INVALID` no usable kubeconfig; `KUBE_CREDENTIALS_UNAVAILABLE` its token file, plug-in or login failed; `KUBE_UNREACHABLE` no connection, or
 * one that broke; `KUBE_TIMEOUT` no (further) answer in time; `KUBE_REFUSED` an HTTP status of 300 and above, or an ERROR event; `KUBE_LIMIT_EXCEEDED` an
 * answer larger than we read; `KUBE_PROTOCOL_VIOLATION` an answer that is not what the Kubernetes API promises; `KUBE_MANIFEST_INVALID` an object that cannot be
 * applied.
 */
export type KubeErrorCode =
  | "KUBE_CONFIG_INVALID"
  | "KUBE_CREDENTIALS_UNAVAILABLE"
  | "KUBE_UNREACHABLE"
  | "KUBE_TIMEOUT"
  | "KUBE_REFUSED"
  | "KUBE_LIMIT_EXCEEDED"
  | "KUBE_PROTOCOL_VIOLATION"
  | "KUBE_MANIFEST_INVALID";

/** What is known about a failed exchange beside its text. */
export interface KubeErrorOptions {
  readonly cause?: unknown;
  readonly remedy?: Remedy;
  /** HTTP status, or the `code` of the Status in an ERROR event. */
  readonly status?: number | undefined;
  /** `reason` of the Status, such as `Expired`. */
  readonly reason?: string | undefined;
  /** `details.causes[].reason` of the Status, 8 at most. */
  readonly causes?: readonly string[];
  /** What the server asked us to wait, in ms; of a Retry-After header or `details.retryAfterSeconds`. */
  readonly retryAfterMs?: number | undefined;
  /** `code` of the socket error, such as `ECONNREFUSED`. */
  readonly networkCode?: string | undefined;
}

/** The API server could not be asked, or did not do what it was asked. */
export class KubeError extends CodedError<KubeErrorCode> {
  readonly status: number | undefined;
  readonly reason: string | undefined;
  readonly causes: readonly string[];
  readonly retryAfterMs: number | undefined;
  readonly networkCode: string | undefined;

  constructor(code: KubeErrorCode, message: string, options: KubeErrorOptions = {}) {
    super(code, message, { ...("cause" in options && { cause: options.cause }), remedy: options.remedy ?? remedyOf(code) });
    this.status = options.status;
    this.reason = options.reason;
    this.causes = options.causes ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.networkCode = options.networkCode;
  }
}

/** True when the state that the request builds on is no longer kept by the server: only a new list helps (HTTP 410, or the same in a stream). */
export function isExpired(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

/** True when the server is older than what we have seen, as after a restored backup: only a new list helps. */
export function isTooLargeVersion(error: unknown): error is KubeError {
  return error instanceof KubeError && error.causes.includes("ResourceVersionTooLarge");
}

function remedyOf(code: KubeErrorCode): Remedy {
  switch (code) {
    case "KUBE_CONFIG_INVALID":
    case "KUBE_MANIFEST_INVALID":
      return "fix-configuration";
    case "KUBE_CREDENTIALS_UNAVAILABLE":
    case "KUBE_UNREACHABLE":
    case "KUBE_TIMEOUT":
    case "KUBE_REFUSED":
    case "KUBE_LIMIT_EXCEEDED":
    case "KUBE_PROTOCOL_VIOLATION":
      return "retry"; // all of them may pass: a rule is granted, a server restarted, an object made smaller
  }
}
