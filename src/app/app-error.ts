import { CodedError } from "../kernel/error.ts";

/** A composition cannot do what it was asked for. */
export class AppError extends CodedError<
  | "REFERENCE_INVALID"
  | "INPUT_TOO_LARGE"
  | "INPUT_UNREADABLE"
  | "NOT_READY"
  | "MANIFESTS_UNREADABLE"
  | "CLUSTER_UNREACHABLE"
  | "CLUSTER_REFUSED"
  | "CRD_NOT_INSTALLED"
> {}
