import type { TokenClaims } from "../pki/token-claims.ts";

/** The names of the API server inside of every cluster; all but the last also with a cluster's domain behind them. */
const inCluster = /^kubernetes(\.default(\.svc(\..*)?)?)?$/;

/**
 * Whether a token for this audience would be good at the API server itself, as far as that can be told from here: its names in the cluster, its address, and
 * whom and by whom our own token is. Such a token is never asked for: whoever it is sent to could act in the cluster with it (CVE-2026-41323).
 */
export function isServerAudience(audience: string, own: { readonly server: string; readonly claims: TokenClaims | undefined }): boolean {
  const { claims, server } = own;
  if (inCluster.test(hostOf(audience).host)) return true;
  const plain = plainOf(audience);
  const names = [server, claims?.issuer, ...(claims?.audiences ?? [])].filter((name) => name !== undefined && name !== "");
  if (names.some((name) => plainOf(name ?? "") === plain)) return true;
  const [asked, address] = [hostOf(audience), hostOf(server)];
  return asked.host !== "" && asked.host === address.host && asked.port === address.port;
}

/** Lower-case, without what two spellings of one address differ in. The server compares whole strings: this refuses a little more than it takes. */
function plainOf(text: string): string {
  return text
    .trim()
    .toLowerCase()
    .replace(/^"(.*)"$/, "$1") // one provider's clusters have an audience in quotation marks
    .replace(/^https?:\/\//, "")
    .replace(/:443(?=\/|$)/, "")
    .replace(/[/.]+$/, "");
}

function hostOf(text: string): { readonly host: string; readonly port: string } {
  const [authority = ""] = plainOf(text).split(/[/?#]/, 1);
  const [host = "", port = ""] = (authority.split("@").at(-1) ?? "").split(":", 2);
  return { host: host.replace(/\.+$/, ""), port };
}
