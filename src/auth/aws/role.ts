import type { Ending } from "../../keychain/renewals.ts";
import type { Unavailable } from "../../keychain/ports.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { EcrTarget } from "./ecr-host.ts";

/** A session of an IAM role: what requests to AWS are signed with. */
export interface RoleSession extends Ending {
  readonly accessKeyId: Secret;
  readonly secretAccessKey: Secret;
  readonly sessionToken: Secret;
}

/** One of AWS's ways to be somebody. */
export interface RoleSource {
  /** For sentences, and the status: the ARN of the role where it is known. */
  readonly identity: string;
  /** Where it is known as well: outside of its partition nobody is. */
  readonly partition?: string;
  /** What is wrong before anybody is asked. */
  readonly problem?: Unavailable;
  /** Whom the session for a target is asked of: two targets of one group share every session of it. */
  group(target: EcrTarget): { readonly group: string; readonly place: string };
  /**
   * A new session.
   * @throws CredentialUnavailableError
   */
  fetch(target: EcrTarget, signal: AbortSignal): Promise<RoleSession>;
}
