import { group, kindTable } from "../api/kinds.ts";
import { nearestName } from "../api/nearest.ts";
import { type ResourceKind, resourceKinds } from "../api/object.ts";
import { CliError } from "./cli-error.ts";

export function pluralOf(kind: ResourceKind): string {
  return kindTable[kind].plural;
}

/** The kind that a word of the command line means: plural, singular or short name, in any case, with or without the API group. @throws CliError CLI_USAGE */
export function parseKind(text: string): ResourceKind {
  const lower = text.toLowerCase();
  const word = lower.endsWith(`.${group}`) ? lower.slice(0, -group.length - 1) : lower;
  const known = new Map<string, ResourceKind>();
  for (const kind of resourceKinds) {
    const { plural, singular, shortName } = kindTable[kind];
    for (const name of [plural, singular, shortName]) known.set(name, kind);
  }
  const found = known.get(word);
  if (found !== undefined) return found;
  const plurals = resourceKinds.map(pluralOf).join(", ");
  const near = known.get(nearestName(word, known.keys()) ?? "");
  throw new CliError("CLI_USAGE", `There is no kind "${text}"`, {
    advice: near === undefined ? `write one of ${plurals}` : `write ${pluralOf(near)} (there are ${plurals})`,
  });
}
