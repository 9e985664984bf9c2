import { isIP } from "node:net";

/**
 * Whom a connection may reach. `registry`: an origin that an administrator configured, and what it may name as its own (same-origin realm, declared token
 * host); such may live in a private network. `public`: everything else, which is what a registry sent us to. `tenant`: an origin that a namespaced object
 * names, and nobody else; as `public`, and nothing that is named as a part of the cluster either. `instance`: the metadata services of clouds and nothing else; only service-client.ts asks
 * for it, at addresses that are built in.
 */
export type Reach = "registry" | "public" | "tenant" | "instance";

/** Why an address is refused. */
export type AddressRefusal = "NotAnAddress" | "Reserved" | "Private" | "NotInstance";

interface Range {
  readonly bytes: readonly number[];
  readonly bits: number;
}

/** Never, for anybody: unspecified, link-local and with it the metadata services, multicast, broadcast (registry-auth.md H9). */
const reserved = [
  "0.0.0.0/8",
  "169.254.0.0/16",
  "100.100.100.200/32", // Alibaba's metadata service
  "168.63.129.16/32", // Azure's host
  "192.0.0.192/32", // Oracle's metadata service
  "224.0.0.0/4",
  "240.0.0.0/4",
  "::/128",
  "fe80::/10",
  "fec0::/10", // site-local, deprecated by RFC 3879
  "fd00:ec2::/32", // AWS's metadata service and its siblings
  "fd20:ce::254/128", // Google's
  "ff00::/8",
].map(range);

/** Where clouds answer a machine about itself: AWS, Azure and Google; the agent of EKS Pod Identity; Alibaba. */
const instances = ["169.254.169.254/32", "169.254.170.23/32", "fd00:ec2::254/128", "fd00:ec2::23/128", "100.100.100.200/32"].map(range);

/** Only for a registry that was configured: loopback, RFC 1918, RFC 6598, ULA, and what documentation and benchmarks use. */
const inner = [
  "127.0.0.0/8",
  "10.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "100.64.0.0/10",
  "192.0.0.0/24",
  "198.18.0.0/15",
  "::1/128",
  "fc00::/7",
].map(range);

/** Prefixes under which an IPv4 address hides in an IPv6 one, and where it stands: mapped, compatible, translated (RFC 2765), NAT64 (RFC 6052, 8215), 6to4. */
const embedded: readonly { readonly range: Range; readonly at: number }[] = [
  { range: range("::ffff:0:0/96"), at: 12 },
  { range: range("::/96"), at: 12 },
  { range: range("::ffff:0:0:0/96"), at: 12 },
  { range: range("64:ff9b::/96"), at: 12 },
  { range: range("64:ff9b:1::/48"), at: 12 },
  { range: range("2002::/16"), at: 2 },
];

/** Names of this machine and of what runs in the cluster: pods and services have addresses that are public in some networks (IPv6). */
const innerNames = ["localhost", "svc", "cluster.local"];

/** Whether a host is told by its name alone to be this machine, or a part of the cluster: a name of one label is a service of the operator's namespace. */
export function isInnerName(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/[.]$/, "");
  return !/[.:]/.test(name) || innerNames.some((inner) => name === inner || name.endsWith(`.${inner}`));
}

/** Undefined where `address` (an IP literal without brackets) may be connected to. */
export function refuseAddress(address: string, reach: Reach): AddressRefusal | undefined {
  const bytes = bytesOf(address);
  return bytes === undefined ? "NotAnAddress" : refuseBytes(bytes, reach);
}

function refuseBytes(bytes: readonly number[], reach: Reach): AddressRefusal | undefined {
  if (reach === "instance") return instances.some((range) => within(bytes, range)) ? undefined : "NotInstance";
  if (reserved.some((range) => within(bytes, range))) return "Reserved";
  const isLoopback = inner.some((range) => within(bytes, range));
  // ::1 lies in ::/96 and stands for itself.
  if (bytes.length === 16 && !isLoopback) {
    const hidden = embedded.find((form) => within(bytes, form.range));
    if (hidden !== undefined) return refuseBytes(bytes.slice(hidden.at, hidden.at + 4), reach);
  }
  return isLoopback && reach !== "registry" ? "Private" : undefined;
}

function within(bytes: readonly number[], range: Range): boolean {
  if (bytes.length !== range.bytes.length) return false;
  for (let at = 0, left = range.bits; left > 0; at += 1, left -= 8) {
    const mask = left >= 8 ? 0xff : (0xff << (8 - left)) & 0xff;
    if (((bytes[at] ?? 0) & mask) !== ((range.bytes[at] ?? 0) & mask)) return false;
  }
  return true;
}

function range(text: string): Range {
  const [address = "", bits = ""] = text.split("/");
  return { bytes: bytesOf(address) ?? [], bits: Number(bits) };
}

/** 4 or 16 bytes; a zone (`fe80::1%eth0`) is no part of an address. */
function bytesOf(address: string): readonly number[] | undefined {
  const [text = ""] = address.split("%");
  const family = isIP(text);
  if (family === 4) return text.split(".").map(Number);
  if (family !== 6) return undefined;
  const quad = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const groups = quad === null ? text : `${quad[1]}${hexGroups(quad[2] ?? "")}`;
  const [head = [], tail = []] = groups.split("::").map((half) => (half === "" ? [] : half.split(":")));
  const zeros = groups.includes("::") ? Array.from({ length: 8 - head.length - tail.length }, () => "0") : [];
  return [...head, ...zeros, ...tail].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

function hexGroups(quad: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = quad.split(".").map(Number);
  return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
}
