import type { Parsed } from "../../src/oci/parsed.ts";
import { parsePattern } from "../../src/oci/pattern.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { parseRegistryHost, parseRepository } from "../../src/oci/repository.ts";
import type { Situations } from "./situation.ts";

/** One line for each text that `parse` refuses: the reason, and the message, which repeats the text. */
function refusals(parse: (text: string) => Parsed<unknown>, texts: readonly string[]): string {
  return texts
    .map((text) => {
      const parsed = parse(text);
      if (parsed.ok) throw new TypeError(`"${text}" is not refused`);
      return `${parsed.reason}: ${parsed.message}`;
    })
    .join("\n");
}

const references = [
  "",
  `ghcr.io/${"a".repeat(1100)}`,
  "ghcr.io/a b",
  "ghcr.io/büro",
  "ghcr.io/app?x",
  "https://ghcr.io/app",
  "ghcr.io/app:",
  "ghcr.io/app@sha256:abcd",
  "ghcr.io/",
  `ghcr.io/${"a".repeat(256)}`,
  "ghcr.io/a:b/c",
  "ghcr.io/Acme/app",
  "ghcr.io/a//b",
  "ghcr.io/a___b",
  "[::1/app",
  "::1/app",
  "[1::2::3]/app",
  "ghcr.io:0443/app",
  "ghcr.io:65536/app",
  `${"a.".repeat(126)}io/app`,
  "ghcr.io./app",
  "acme.1/app",
  `${"a".repeat(64)}.io/app`,
  "my_acr.azurecr.io/app",
];
const patterns = ["user@ghcr.io", "acme", "ghcr.io/acme:v1", "*.io", "*.acme.io/team", "ghcr.io/acme/*", "ghcr.io/acme/**", "k*.acme.io"];

export const referenceTexts: Situations = [
  { when: "an image reference is none", says: () => refusals(parseReference, references) },
  { when: "a pattern of scopes or registries is none", says: () => refusals(parsePattern, patterns) },
  {
    when: "an evidenceRepository is none",
    says: () => refusals(parseRepository, ["a@ghcr.io/x", "acme/evidence", "ghcr.io"]),
  },
  {
    when: "an exact host is none",
    says: () => refusals(parseRegistryHost, ["a@ghcr.io", "ghcr.io/acme", "*.azurecr.io", "registry"]),
  },
];
