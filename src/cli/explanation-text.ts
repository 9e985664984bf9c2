import { keyOfId } from "../api/object.ts";
import type { Candidate, CandidateReason } from "../keychain/ports.ts";
import type { Explanation, PolicyExplanation, PolicyReason, StoreExplanation, StoreReason } from "../snapshot/explanation.ts";
import { printable } from "./escape.ts";
import type { Paint, Tone } from "./paint.ts";
import { renderTable } from "./table.ts";

type SelectionOutcome = NonNullable<StoreExplanation["outcome"]>;

/** One sentence each; the same stand in docs/reference/explain.md. */
export const storeReasonText: { readonly [R in StoreReason]: string } = {
  ScopeMatches: "one of its scopes matches this image",
  AllImages: 'its scopes include "*", every image',
  ScopesDoNotMatch: "none of its scopes matches this image",
  InvalidStore: "it is invalid and counts as a store that failed: it can hold a verdict up, never allow",
  NoPolicyOfNamespace: "no policy of its namespace applies to this image, so that the namespace has no say",
};
export const policyReasonText: { readonly [R in PolicyReason]: string } = {
  ScopeMatches: "one of its scopes matches this image",
  AllImages: 'its scopes include "*", every image',
  BuiltIn: "no Policy of the cluster that enforces applies: at least one signature Verifier has to verify at least one artifact",
  InvalidPolicy: "it is invalid and allows nothing",
  NamespaceUnknown:
    "its namespaceSelector asks for labels of a namespace that has not been seen: it has to allow, beside whatever applies without it",
  ScopesDoNotMatch: "none of its scopes matches this image",
  Excluded: "one of its excludeScopes matches this image",
  NamespaceNotSelected: "its namespaceSelector does not select the namespace",
};
export const outcomeText: { readonly [O in SelectionOutcome]: string } = {
  Selected: "this AuthProvider answers for the repository",
  Anonymous: "no AuthProvider matches, and the store allows requests without a credential",
  Denied: "no AuthProvider matches, and the store denies requests without a credential (unmatched: Deny)",
  CredentialUnavailable: "an AuthProvider matches but has no usable credential; nothing else is tried in its place",
  PatternConflict: "two AuthProviders have an equal claim on this repository; none is guessed",
};
export const candidateReasonText: { readonly [R in CandidateReason]: string } = {
  Selected: "it is the one that answers",
  LessSpecific: "another pattern with as many wildcards names more of the path",
  MoreWildcards: "another pattern that matches has fewer wildcards",
  PatternConflict: "an older AuthProvider has the very same pattern and keeps it",
  EqualRank: "another pattern that matches is exactly as specific",
  NoMatch: "its pattern does not match this repository",
};
const outcomeTone: { readonly [O in SelectionOutcome]: Tone } = {
  Selected: "good",
  Anonymous: "good",
  Denied: "bad",
  CredentialUnavailable: "bad",
  PatternConflict: "bad",
};

/** An explanation for people. Every line ends with a line feed. */
export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const { reference, error, stores, policies, namespace } = explanation;
  if (reference === null) {
    return `Image:      ${printable(explanation.image)}\n${paint("bad", error?.code ?? "REFERENCE_INVALID")}: ${printable(error?.message ?? "not an image reference")}\n`;
  }
  const asked = stores.filter((store) => store.asked).length;
  return [
    `Image:      ${printable(explanation.image)}\n`,
    `Registry:   ${reference.registry}\n`,
    `Repository: ${reference.repository}\n`,
    ...(reference.tag === undefined ? [] : [`Tag:        ${reference.tag}\n`]),
    ...(reference.digest === undefined ? [] : [`Digest:     ${reference.digest}\n`]),
    ...(namespace === undefined ? [] : [`Namespace:  ${printable(namespace)}\n`]),
    `Stores:     ${asked} of ${stores.length} would be asked\n`,
    ...stores.map((store) => renderStore(store, paint)),
    `Policies:   ${policies.filter(({ applies }) => applies).length} of ${policies.length} would apply\n`,
    ...policies.map((policy) => renderPolicy(policy, paint)),
  ].join("");
}

function renderPolicy({ name, applies, reason, enforcement, exceptions }: PolicyExplanation, paint: Paint): string {
  const what = applies ? `applies (${enforcement})` : "does not apply";
  const lines = exceptions.map(
    (exception) => `    exception   until ${exception.expirationTime}: ${printable(exception.reason)}; the image is let through\n`,
  );
  return [`  ${paint("strong", printable(name))}: ${what}: ${policyReasonText[reason]} (${reason})\n`, ...lines].join("");
}

function renderStore(store: StoreExplanation, paint: Paint): string {
  const lines = [
    `  ${paint("strong", printable(store.name))}: ${store.asked ? "asked" : "not asked"}: ${storeReasonText[store.reason]} (${store.reason})\n`,
  ];
  if (store.resolvedRepository !== undefined) lines.push(`    reads       ${printable(store.resolvedRepository)}\n`);
  if (store.outcome !== undefined) {
    const { authProvider, outcome } = store;
    const who =
      authProvider === undefined
        ? ""
        : `${keyOfId("AuthProvider", printable(authProvider.name))}, pattern "${printable(authProvider.pattern)}": `;
    lines.push(`    credential  ${who}${outcomeText[outcome]} (${paint(outcomeTone[outcome], outcome)})\n`);
    if (store.message !== undefined) lines.push(`                ${printable(store.message)}\n`);
  }
  const losers = store.candidates.filter((candidate) => candidate.reason !== "Selected");
  return [...lines, ...(losers.length === 0 ? [] : ["    not used:\n", renderLosers(losers)])].join("");
}

function renderLosers(losers: readonly Candidate[]): string {
  const rows = losers.map(({ name, pattern, reason }) => [
    keyOfId("AuthProvider", name),
    `"${pattern}"`,
    `${candidateReasonText[reason]} (${reason})`,
  ]);
  return renderTable({ columns: ["", "", ""], rows }, { header: false, indent: "      " });
}
