import { boundedMessage } from "../api/diagnostic.ts";
import type { Realms } from "../engine/verify-realms.ts";
import type { ViewPolicy } from "../engine/view.ts";
import { revisionOf } from "../snapshot/revision.ts";

/**
 * The views where something of the source could not be read: a Policy of every image may stand in it, so that there is one which is invalid (design 2.1:
 * nothing invalid disappears). What another policy denies stays denied, and nothing is allowed.
 */
export function withOmissions(realms: Realms, omissions: readonly string[]): Realms {
  const [first] = omissions;
  if (first === undefined) return realms;
  const { cluster } = realms;
  const more = omissions.length > 1 ? ` (and ${omissions.length - 1} more)` : "";
  const policy: ViewPolicy = {
    name: "manifests",
    enforcement: "Enforce",
    onInconclusive: "Deny",
    tags: "Pin",
    exceptions: [],
    require: [],
    problem: boundedMessage(`the manifests could not all be read: ${first}${more}`),
  };
  const revision = revisionOf([cluster.revision, ...omissions]);
  return { ...realms, cluster: { ...cluster, revision, policies: [...cluster.policies, policy] } };
}
