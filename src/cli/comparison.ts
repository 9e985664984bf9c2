import type { PolicyReport, Report, Verdict } from "../engine/report.ts";
import { groundsOf, verdictText } from "./report-text.ts";

/** One image by two sets of manifests. */
export interface Comparison {
  readonly image: string;
  readonly before: Report;
  readonly after: Report;
}

/**
 * What the new manifests would change. `lost`: allowed, and would not be; `gained`: not allowed, and would be; `other`: another code, another `onInconclusive`
 * of a doubt, or another image under the same tag.
 */
export type Change = "lost" | "gained" | "other" | "unchanged";

/** Of several that changed as many are told: more of them say nothing new. */
const mostTold = 3;

export function changeOf(comparison: Comparison): Change {
  const { before, after } = comparison;
  const [was, is] = [before.verdict.outcome === "allow", after.verdict.outcome === "allow"];
  if (was !== is) return was ? "lost" : "gained";
  const isSame = verdictText(before.verdict) === verdictText(after.verdict) && doorOf(before) === doorOf(after) && !isMoved(comparison);
  return isSame ? "unchanged" : "other";
}

/** Whether the tag means one image to the one side and another to the other. */
export function isMoved({ before, after }: Comparison): boolean {
  return before.digest !== undefined && after.digest !== undefined && before.digest !== after.digest;
}

/** That it does, in one sentence. */
export function noteOf(comparison: Comparison): string | undefined {
  if (!isMoved(comparison)) return undefined;
  const { before, after } = comparison;
  return `it is another image: ${before.digest} by the old manifests, ${after.digest} by the new ones; a Store takes it from elsewhere, or the tag was moved meanwhile`;
}

/** Why the verdict would be another, in one sentence; undefined where it would not be. */
export function reasonOf(comparison: Comparison): string | undefined {
  const { before, after } = comparison;
  const isAllowed = after.verdict.outcome === "allow";
  if (changeOf(comparison) === "unchanged" || (isAllowed && before.verdict.outcome === "allow")) return undefined;
  const told = isAllowed ? deciding(before).flatMap((was) => freed(was, after)) : deciding(after).flatMap((is) => held(is, before));
  if (told.length > 0) return told.slice(0, mostTold).join("; ");
  if (doorOf(before) !== doorOf(after) && before.verdict.outcome === after.verdict.outcome)
    return `in doubt all the same, but onInconclusive was ${doorOf(before)} and is ${doorOf(after)}`;
  return isAllowed ? `what stood in the way does not any more: ${groundOf(before)}` : groundOf(after);
}

/** The policies that made it what it is. */
function deciding({ policies, verdict }: Report): readonly PolicyReport[] {
  return policies.filter(({ enforcement, outcome }) => enforcement === "Enforce" && outcome === verdict.outcome);
}

/** In what a policy that stands in the way is another than before; nothing where it is not. */
function held(is: PolicyReport, before: Report): readonly string[] {
  const was = before.policies.find(({ name }) => name === is.name);
  if (was === undefined) return [`${is.name} applies now: ${is.reason}`];
  if (was.enforcement !== "Enforce") return [`${is.name} is enforced now (was ${was.enforcement}): ${is.reason}`];
  if (was.exception !== undefined) return [`${is.name} makes no exception any more: ${is.reason}`];
  if (was.outcome !== is.outcome) return [`${is.name} ${verbs[is.outcome].is}, and ${verbs[was.outcome].was} before: ${is.reason}`];
  return was.reason === is.reason ? [] : [`${is.name}: ${is.reason} (was: ${was.reason})`];
}

/** Why a policy that stood in the way does not any more; nothing where it does. */
function freed(was: PolicyReport, after: Report): readonly string[] {
  const is = after.policies.find(({ name }) => name === was.name);
  if (is === undefined) return [`${was.name} does not apply any more`];
  if (is.enforcement !== "Enforce") return [`${is.name} is not enforced any more (is ${is.enforcement})`];
  if (is.exception !== undefined) return [`${is.name} makes an exception: ${is.reason}`];
  return is.outcome === "allow" ? [`${is.name} allows, and ${verbs[was.outcome].was} before: ${is.reason}`] : [];
}

const verbs: { readonly [O in Verdict["outcome"]]: { readonly is: string; readonly was: string } } = {
  allow: { is: "allows", was: "allowed" },
  deny: { is: "denies", was: "denied" },
  inconclusive: { is: "is in doubt", was: "was in doubt" },
};

/** What a door makes of a doubt. */
function doorOf({ verdict, onInconclusive }: Report): string {
  return verdict.outcome === "inconclusive" ? (onInconclusive ?? "Deny") : "";
}

function groundOf({ verdict, summary }: Report): string {
  return groundsOf(verdict)[0] ?? summary;
}
