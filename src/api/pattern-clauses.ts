import { wildcardRules } from "../oci/pattern.ts";
import type { Clause } from "./text-rule.ts";

/**
 * The grammar of src/oci once more, as CEL can say it: each list repeats one parser's refusals in that parser's order and words. A property
 * test compares the two in this process, and an end-to-end test on a real API server; decode() itself uses the parsers.
 */
const characters: readonly Clause[] = [
  { shape: "^$", detail: "is empty" },
  { shape: "^[!-~]*[^\\x00-~]", detail: 'has a character outside ASCII; write an international host name in its "xn--" form' },
  { shape: "[^!-~]", detail: "has white space or a control character in it" },
  { shape: "://", detail: 'has a scheme; write it without "https://"' },
  { shape: "^[^\\\\%?#]*\\\\", detail: 'has "\\" in it' },
  { shape: "^[^%?#]*%", detail: 'has "%" in it' },
  { shape: "^[^?#]*[?]", detail: 'has "?" in it' },
  { shape: "#", detail: 'has "#" in it' },
];

const wildcards: readonly Clause[] = [
  { shape: wildcardRules.tooWide, detail: 'is too wide: "*" may not stand for one of the last two labels' },
  { shape: wildcardRules.withPath, detail: 'has "*" in its host and a path; a pattern with "*" has no path' },
  { shape: wildcardRules.wholeSegment, detail: { lead: 'has "*" in a path; write ', before: "/*" } },
  { shape: wildcardRules.partialSegment, detail: 'has "*" in a path; "*" stands for one whole label of the host' },
  { shape: wildcardRules.partialLabel, detail: 'has "*" beside other characters; "*" stands for one whole label' },
];

const hostLike = "^([^/]*[.:]|[lL][oO][cC][aA][lL][hH][oO][sS][tT](/|$))";
const port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const octet = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
const label = "[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const segment = "[a-z0-9]+(([.]|__?|-+)[a-z0-9]+)*";
const group = "[0-9a-fA-F]{1,4}";
/** Every length of head and tail around `::`; at least one group is left out there. */
const address6 = [
  `(${group}:){7}${group}`,
  `(${group}:){1,7}:`,
  ...[1, 2, 3, 4, 5, 6].map((tail) => `(${group}:){1,${7 - tail}}(:${group}){1,${tail}}`),
  `:((:${group}){1,7}|:)`,
].join("|");

/** `host[:port]` at the beginning, up to the first `/` (src/oci/host.ts). */
function host(labels: string): readonly Clause[] {
  return [
    { shape: "^\\[[^\\]/]*(/|$)", detail: 'has "[" without "]"' },
    { shape: "^([^[/:][^/:]*)?:[^/:]*:", detail: "has more than one port; write an IPv6 address in brackets" },
    {
      shape: `^(\\[[^\\]/]*\\]|[^[/:][^/:]*|)(:${port})?(/|$)`,
      negated: true,
      detail: "has a port that is not a number from 1 to 65535 without leading zeros",
    },
    { shape: `^([^[]|\\[(${address6})\\])`, negated: true, detail: "has an IPv6 address that is not plain hexadecimal groups" },
    { shape: "^[^/:]{254}", detail: "has a host longer than 253 characters" },
    { shape: "^[^/:]*[.]([:/]|$)", detail: 'has a host that is empty or ends with "."' },
    {
      shape: "^([^/:]*[.])?([0-9]+|0[xX][0-9a-fA-F]*)([:/]|$)",
      unless: `^${octet}([.]${octet}){3}([:/]|$)`,
      detail: "has a host that ends in a number and is not a dotted IPv4 address",
    },
    { shape: `^((${labels})[.])*[^/:.]{64}`, detail: "has a host label longer than 63 characters" },
    {
      shape: `^(\\[|(${labels})([.](${labels}))*([:/]|$))`,
      negated: true,
      detail: 'has a host label that is not letters, digits and "-" between them',
    },
  ];
}

const badSegment = 'has a path segment that is not lower-case words joined by ".", "_", "__" or "-"';

/** `parsePattern`: one `/` at the end is tolerated. */
export const patternClauses: readonly Clause[] = [
  ...characters,
  ...wildcards,
  { shape: "@", detail: 'has "@" in it; a pattern has neither a user nor a digest' },
  { shape: hostLike, negated: true, detail: 'does not begin with a registry host, which has "." or ":" in it or is "localhost"' },
  ...host(`[*]|${label}`),
  { shape: "^[^/]*/.*:", detail: "has a tag; a pattern names repositories and no tags" },
  { shape: "^[^/]*/.{255}([^/]$|..)", detail: "has a path longer than 255 characters" },
  { shape: "^[^/]*/.*[A-Z]", detail: "has upper-case letters in its path" },
  { shape: `^[^/]*/(${segment}/)*/`, detail: "has an empty path segment" },
  { shape: `^[^/]*(/${segment})*/?$`, negated: true, detail: badSegment },
];

/** A pattern without `*`: what a rewrite begins with. */
export const exactPatternClauses: readonly Clause[] = [
  ...patternClauses,
  { shape: "[*]", detail: 'has "*" in it; a rewrite begins with an exact host' },
];

/** `parseRepository`. */
export const repositoryClauses: readonly Clause[] = [
  ...characters,
  { shape: "@", detail: 'has "@" in it; a repository has neither a user nor a digest' },
  { shape: hostLike, negated: true, detail: "does not begin with a registry host" },
  ...host(label),
  { shape: "^[^/]*/?$", detail: "names a registry and no repository in it" },
  { shape: "^[^/]*/.{256}", detail: "has a path longer than 255 characters" },
  { shape: "^[^/]*/.*:", detail: 'has ":" in its path' },
  { shape: "^[^/]*/.*[A-Z]", detail: "has upper-case letters in its path" },
  { shape: `^[^/]*/(${segment}/)*(/|$)`, detail: "has an empty path segment" },
  { shape: `^[^/]*(/${segment})+$`, negated: true, detail: badSegment },
];

/** `parseRegistryHost`. */
export const hostClauses: readonly Clause[] = [
  ...characters,
  { shape: "@", detail: 'has "@" in it; a host has no user' },
  { shape: "/", detail: 'has a path; write "host" or "host:port"' },
  { shape: "[*]", detail: 'has "*" in it; an exact host is needed here' },
  { shape: hostLike, negated: true, detail: 'is not a registry host: it has neither "." nor ":" and is not "localhost"' },
  ...host(label),
];
