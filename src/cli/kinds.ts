import { type Kind, kinds } from "../api/object.ts";
import { CliError } from "./cli-error.ts";
import { nearest } from "./nearest.ts";

/** How `get` calls a kind, as kubectl does: plural, singular, short name. */
const names: { readonly [K in Kind]: readonly [plural: string, singular: string, short: string] } = {
  Store: ["stores", "store", "csstore"],
  AuthProvider: ["authproviders", "authprovider", "csauth"],
  Verifier: ["verifiers", "verifier", "csverifier"],
  KeyProvider: ["keyproviders", "keyprovider", "cskey"],
};
const group = "countersign.dev";

export function pluralOf(kind: Kind): string {
  return names[kind][0];
}

/** The kind that a word of the command line means: plural, singular or short name, in any case, with or without the API group. @throws CliError CLI_USAGE */
export function parseKind(text: string): Kind {
  const word = text.toLowerCase().replace(`.${group}`, "");
  const known = new Map<string, Kind>();
  for (const [kind, all] of entries()) for (const name of all) known.set(name, kind);
  const found = known.get(word);
  if (found !== undefined) return found;
  const plurals = entries().map(([, [plural]]) => plural);
  const near = known.get(nearest(word, known.keys()) ?? "");
  throw new CliError("CLI_USAGE", `There is no kind "${text}"`, {
    advice: near === undefined ? `write one of ${plurals.join(", ")}` : `write ${pluralOf(near)} (there are ${plurals.join(", ")})`,
  });
}

function entries(): readonly (readonly [Kind, readonly [string, string, string]])[] {
  return kinds.map((kind) => [kind, names[kind]] as const);
}
