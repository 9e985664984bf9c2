import type { Keychain } from "../keychain/ports.ts";
import type { HostIndex } from "./host-index.ts";

/** Two AuthProviders that some Store's view holds together claim the same pattern; the older keeps it. */
export interface PatternLoss {
  readonly pattern: string;
  /** Id of the AuthProvider that keeps it. */
  readonly keptBy: string;
}

/** The providers that one Store may use, as its keychain; shared by all Stores of one namespace with the same refs and the same `unmatched`. */
export interface KeychainView {
  /** Equal exactly for the Stores that share it. */
  readonly key: string;
  /** Of the Stores; absent: cluster-scoped. */
  readonly namespace?: string;
  readonly keychain: Keychain;
  /** Ids of its providers; one list for all Stores of the view, or ten thousand Stores would hold as many copies. */
  readonly names: readonly string[];
  readonly hosts: HostIndex;
  readonly losses: ReadonlyMap<string, readonly PatternLoss[]>;
  /** By id of a provider. */
  readonly revisions: ReadonlyMap<string, string>;
  /** Changes exactly if one of its providers does. */
  readonly revision: string;
}
