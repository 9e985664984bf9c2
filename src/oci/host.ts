import { accept, type Parsed, refuse } from "./parsed.ts";
import { canonicalIPv6 } from "./ip.ts";

/** A registry host as it stands in the canonical key, with its labels, left to right; an IP address is one label. */
export interface Host {
  /** Lower case; IPv6 in brackets; every name of Docker Hub is `docker.io`. */
  readonly host: string;
  /** `:443` is no port. */
  readonly port: number | undefined;
  readonly labels: readonly string[];
}

/** Docker Hub answers to three names; `registry.hub.docker.com` is not one of them. */
const hubNames: ReadonlySet<string> = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"]);
/** RFC 1035 §2.3.4. */
const longestHost = 253;
const labelShape = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** What a URL parser reads as an IPv4 address in some notation: the last label is a number (WHATWG URL, "ends in a number"). */
const numeric = /^(?:[0-9]+|0x[0-9a-f]*)$/;
const octet = /^(?:0|[1-9][0-9]{0,2})$/;

/**
 * Parses `host[:port]`; `input` is the whole text, for messages. With `wildcards`, `*` stands for a whole label (where it may stand is the pattern's rule).
 * One spelling per host: everything that another parser might read as the same host in disguise is refused (registry-auth.md 1.3 rule 5).
 */
export function parseHost(text: string, input: string, options: { readonly wildcards?: boolean } = {}): Parsed<Host> {
  const end = text.startsWith("[") ? text.indexOf("]") + 1 : text.indexOf(":");
  if (text.startsWith("[") && end === 0) return refuse("BadHost", input, 'has "[" without "]"');
  const name = end < 0 ? text : text.slice(0, end);
  const rest = end < 0 ? "" : text.slice(end);
  if (!text.startsWith("[") && rest.includes(":", 1))
    return refuse("BadHost", input, "has more than one port; write an IPv6 address in brackets");
  const port = rest === "" ? accept(undefined) : parsePort(rest, input);
  if (!port.ok) return port;
  if (name.startsWith("[")) {
    const address = canonicalIPv6(name.slice(1, -1));
    if (address === undefined) return refuse("BadHost", input, "has an IPv6 address that is not plain hexadecimal groups");
    const host = `[${address}]`;
    return accept({ host, port: port.value, labels: [host] });
  }
  const labels = parseName(name.toLowerCase(), input, options.wildcards ?? false);
  if (!labels.ok) return labels;
  const host = labels.value.join(".");
  if (port.value === undefined && hubNames.has(host)) return accept({ host: "docker.io", port: undefined, labels: ["docker", "io"] });
  return accept({ host, port: port.value, labels: labels.value });
}

/** `text` begins with the colon. */
function parsePort(text: string, input: string): Parsed<number | undefined> {
  if (!/^:[1-9][0-9]{0,4}$/.test(text))
    return refuse("BadPort", input, "has a port that is not a number from 1 to 65535 without leading zeros");
  const port = Number(text.slice(1));
  if (port > 65_535) return refuse("BadPort", input, "has a port that is not a number from 1 to 65535 without leading zeros");
  return accept(port === 443 ? undefined : port);
}

function parseName(name: string, input: string, wildcards: boolean): Parsed<readonly string[]> {
  if (name.length > longestHost) return refuse("BadHost", input, `has a host longer than ${longestHost} characters`);
  if (name.endsWith(".")) return refuse("BadHost", input, 'has a host that is empty or ends with "."');
  const labels = name.split(".");
  const last = labels[labels.length - 1] ?? "";
  if (numeric.test(last)) {
    const address = labels.length === 4 && labels.every((label) => octet.test(label) && Number(label) <= 255);
    if (!address) return refuse("BadHost", input, "has a host that ends in a number and is not a dotted IPv4 address");
    return accept([name]);
  }
  for (const label of labels) {
    if (label === "*" && wildcards) continue;
    if (label.length > 63) return refuse("BadHost", input, "has a host label longer than 63 characters");
    if (!labelShape.test(label)) return refuse("BadHost", input, 'has a host label that is not letters, digits and "-" between them');
  }
  return accept(labels);
}
