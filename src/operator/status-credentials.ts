import { keyOfId } from "../api/object.ts";
import { absenceOf } from "../keychain/explain.ts";
import type { ProviderState, Selection } from "../keychain/ports.ts";
import type { Judgement } from "./status-conditions.ts";
import type { StoreStatusInput } from "./status-input.ts";

type Input = Pick<StoreStatusInput, "hosts" | "authProviderRefs" | "providers" | "namespace">;

/** `CredentialsResolved` of a Store: the first of its literal hosts for which there is no credential, though there should be one. */
export function storeCredentials(input: Input): Judgement {
  const type = "CredentialsResolved";
  const missing = input.authProviderRefs?.find((name) => !input.providers.has(name));
  if (missing !== undefined) return { type, status: "False", reason: "ProviderNotFound", message: absenceOf([missing], input.namespace) };
  for (const host of input.hosts) {
    const problem = problemOf(host, input.providers);
    if (problem !== undefined) return { type, status: "False", ...problem };
  }
  if (input.hosts.length === 0) return { type, ...behindWildcards(input) };
  const [first] = input.hosts.filter(({ selection }) => sendsCredential(selection, input.providers));
  if (first === undefined || first.selection.outcome !== "Selected") {
    return { type, status: "True", reason: "Anonymous", message: "Its hosts are asked without a credential" };
  }
  const more = input.hosts.length > 1 ? ` (and ${input.hosts.length - 1} more hosts)` : "";
  return {
    type,
    status: "True",
    reason: "Resolved",
    message: `${keyOfId("AuthProvider", first.selection.provider)} answers for ${first.endpoint}${more}`,
  };
}

/** The AuthProviders that answer for its hosts, each once, in the order of the hosts; where no host is written out, those that it names. */
export function answeringProviders(input: Input): readonly string[] {
  const selected = input.hosts.flatMap(({ selection }) =>
    "provider" in selection && selection.provider !== undefined ? [selection.provider] : [],
  );
  return [...new Set(input.hosts.length === 0 ? (input.authProviderRefs ?? []) : selected)];
}

function problemOf(
  { endpoint, selection }: Input["hosts"][number],
  providers: Input["providers"],
): Pick<Judgement, "reason" | "message"> | undefined {
  switch (selection.outcome) {
    case "Selected": {
      const state = providers.get(selection.provider);
      if (state === undefined)
        return { reason: "ProviderNotFound", message: `${keyOfId("AuthProvider", selection.provider)} does not exist` };
      return state.ready ? undefined : { reason: state.reason, message: state.message };
    }
    case "CredentialUnavailable":
    case "PatternConflict":
      return { reason: selection.reason, message: selection.message };
    case "Denied":
      return { reason: "HostNotAllowed", message: `No AuthProvider matches ${endpoint}, and spec.registry.unmatched is Deny` };
    case "Anonymous":
      return undefined;
  }
}

/** Which provider answers is only known once an image is met; one that is named and cannot answer is known now. */
function behindWildcards({ authProviderRefs, providers }: Input): Pick<Judgement, "status" | "reason" | "message"> {
  for (const name of authProviderRefs ?? []) {
    const state = providers.get(name);
    if (state !== undefined && !state.ready) return { status: "False", reason: state.reason, message: state.message };
  }
  return { status: "True", reason: "Resolved", message: "The credential is chosen for each image" };
}

function sendsCredential(selection: Selection, providers: ReadonlyMap<string, ProviderState>): boolean {
  return selection.outcome === "Selected" && providers.get(selection.provider)?.reason !== "Anonymous";
}
