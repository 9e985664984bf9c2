import type { Condition } from "../api/condition.ts";
import type { Kind, ObjectMeta, ResourceKind } from "../api/object.ts";
import type { ObjectEvent } from "./ports.ts";

interface Judged {
  readonly conditions?: readonly Condition[] | undefined;
}

/** What the operator was doing when it found out. */
const actions: { readonly [K in Kind]: string } = {
  Store: "Check",
  AuthProvider: "Resolve",
  Verifier: "Load",
  KeyProvider: "Load",
  Policy: "Compile",
};

/** Of a Policy that works, and of which somebody should know more than that. */
const warnings: ReadonlySet<string> = new Set(["ExceptionExpiring", "ExceptionExpired"]);

/**
 * The event for a change of `Ready`, in status or reason, as it stands in the status that was just written; undefined where there is none. One that is being
 * found out, or that nobody has asked for, is no event, nor are words. What stood before is in the API: a restart repeats nothing.
 */
export function statusEvent(
  object: { readonly resourceKind: ResourceKind; readonly kind: Kind; readonly meta: ObjectMeta },
  before: Judged | undefined,
  after: Judged,
): ObjectEvent | undefined {
  const [was, is] = [readyOf(before), readyOf(after)];
  if (is === undefined || is.status === "Unknown" || is.reason === "NotRequested") return undefined;
  if (was?.status === is.status && was.reason === is.reason) return undefined;
  const { name, namespace, uid } = object.meta;
  return {
    kind: object.resourceKind,
    ...(namespace !== undefined && { namespace }),
    ...{ name, uid },
    type: is.status === "True" && !warnings.has(is.reason) ? "Normal" : "Warning",
    reason: is.reason,
    action: actions[object.kind],
    note: is.message,
  };
}

function readyOf({ conditions }: Judged = {}): Condition | undefined {
  return conditions?.find(({ type }) => type === "Ready");
}
