import { Socket } from "node:net";
import { Secret } from "../../src/kernel/secret.ts";
import { parseChallenges } from "../../src/transport/challenge.ts";
import { classify } from "../../src/transport/classify.ts";
import { parseScheme } from "../../src/transport/realm.ts";
import { nextHop } from "../../src/transport/redirect.ts";
import { type Network, systemNetwork } from "../../src/transport/network.ts";
import { nextPage } from "../../src/transport/request.ts";
import { TransportError } from "../../src/transport/transport-error.ts";
import { ManualClock } from "../support/clock.ts";
import type { Mode } from "../support/registry/modes.ts";
import { virtualNetwork } from "../support/registry/network.ts";
import { type RegistryOptions, startRegistry, type TestRegistry } from "../support/registry.ts";
import { access, basic, canary, drive, failureOf, get, tls, transport } from "../transport/fixture.ts";
import { failureText, type Situation, type Situations } from "./situation.ts";

const never = new AbortController().signal;
const host = "https://registry.acme.io";
const note = 'sent without a credential: no AuthProvider matches registry.acme.io (nearest pattern: "*.acme.com" of AuthProvider/acme)';
const request = get(access(host, { note }), "team/app", "manifests/1");

/** What a pure check of an answer says. */
function checked(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof TransportError) return failureText(error.failure);
    throw error;
  }
  throw new TypeError("nothing failed");
}
const lines = (texts: readonly (string | undefined)[], work: (text: string | undefined) => unknown): string =>
  texts.map((text) => checked(() => work(text)).split("\n")[0]).join("\n");

/** Errors of Node and undici by their codes; what the library says is never repeated. */
const codes = ["ENOTFOUND", "ECONNREFUSED", "EHOSTUNREACH", "ECONNRESET", "ETIMEDOUT", "CERT_HAS_EXPIRED", "CERT_NOT_YET_VALID"];
const others = [
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "ERR_TLS_CERT_ALTNAME_INVALID",
  "EPROTO",
  "ERR_SSL_BAD",
  "HPE_INVALID",
  "UND_ERR_HEADERS_OVERFLOW",
  "NEW",
];
const coded = (code: string): Error => Object.assign(new Error(canary), { code });
const named = (name: string): Error => Object.assign(new Error(canary), { name });

/** A request to a registry that does not behave; time runs as fast as it can. */
async function sent(
  misbehave: (registry: TestRegistry) => Mode | undefined,
  options: RegistryOptions & {
    readonly password?: string;
    readonly refreshToken?: string;
    readonly on?: RegExp;
    readonly limitBytes?: number;
  } = {},
): Promise<string> {
  const { password, refreshToken, on = /./, limitBytes = 4 * 1024 * 1024, ...rest } = options;
  await using registry = await startRegistry({ tls, ...rest });
  registry.pushImage("team/app", { tag: "1" });
  const mode = misbehave(registry);
  if (mode !== undefined) registry.setMode(on, mode);
  const clock = new ManualClock();
  await using client = transport({ clock });
  const { username: _none, ...token } = basic(registry.origin);
  const credentials = [
    ...(password === undefined ? [] : [basic(registry.origin, { password })]),
    ...(refreshToken === undefined ? [] : [{ ...token, scheme: "refreshToken" as const, secret: new Secret(refreshToken) }]),
  ];
  const asked = client.send(get(access(registry.origin, { credentials, note }), "team/app", "manifests/1", { limitBytes }), never);
  return failureText((await drive(clock, 50, failureOf(asked))).failure);
}
const status = (code: number, headers: Readonly<Record<string, string>> = {}, body = ""): Mode => ({
  kind: "status",
  status: code,
  headers,
  body,
});
const answered = (when: string, mode: Mode, options?: Parameters<typeof sent>[1]): Situation => ({
  when,
  says: () => sent(() => mode, options),
});
const token = { kind: "token", users: { alice: canary } } as const;
const tokenService = (when: string, mode: Mode, options: Parameters<typeof sent>[1] = {}): Situation =>
  answered(when, mode, { auth: token, password: canary, on: /^\/token/, ...options });

/** A name that leads to an address. */
const reached = (
  when: string,
  address: string | undefined,
  reach: "registry" | "public" | "tenant" = "registry",
  name = "registry.acme.io",
): Situation => ({
  when,
  says: async () => {
    await using client = transport({ network: virtualNetwork(address === undefined ? {} : { [name]: { address, port: 1 } }) });
    return failureText((await failureOf(client.send(get(access(`https://${name}`, { reach }), "team/app", "manifests/1"), never))).failure);
  },
});

/** A network below every guard that leads nowhere. */
const astray = (when: string, change: Partial<Network>): Situation => ({
  when,
  says: async () => {
    const clock = new ManualClock();
    await using client = transport({ clock, network: { ...systemNetwork, ...change } });
    const asked = client.send(get(access("https://127.0.0.1:1"), "team/app", "manifests/1"), never);
    return failureText((await drive(clock, 500, failureOf(asked))).failure);
  },
});
/** What can be seen of a SYN that was dropped. */
const silent = (): Socket => new Socket().on("error", () => {});

const connections: Situations = [
  astray("a connection is not made in time", { dial: silent }),
  {
    when: "a connection fails, by the code of Node.js or undici",
    says: () =>
      [...codes, ...others].map((code) => failureText(classify(coded(code), "registry.acme.io").failure).split("\n")[0]).join("\n"),
  },
  {
    when: "a connection fails without a code",
    says: () =>
      ["HTTPParserError", "TimeoutError", "Error"]
        .map((name) => failureText(classify(named(name), "registry.acme.io").failure).split("\n")[0])
        .join("\n"),
  },
  reached("a host name does not resolve", undefined),
  reached("a host is a metadata service", "169.254.169.254"),
  reached("a host that nobody named is in a private network", "10.0.0.1", "public"),
  reached("a host's address is none", "nonsense"),
  reached("a tenant names a host inside", "10.0.0.1", "tenant"),
  reached("a tenant names a host of the cluster", "10.0.0.1", "tenant", "db.default.svc"),
];

const answers: Situations = [
  answered("a registry refuses who sends no credential", status(401)),
  answered("a registry forbids who sends no credential", status(403)),
  answered("a registry refuses a password", status(401, { "www-authenticate": "Basic" }), { password: "wrong" }),
  {
    when: "a registry's password may not read a repository",
    says: () =>
      sent(() => undefined, { auth: { kind: "basic", users: { alice: { password: canary, pull: ["other"] } } }, password: canary }),
  },
  {
    when: "a registry wants a password, and there is a token",
    says: () => sent(() => undefined, { auth: { kind: "basic", users: { alice: canary } }, refreshToken: canary }),
  },
  answered("a registry wants a credential in a way that is not known", status(401, { "www-authenticate": "Negotiate" }), {
    password: canary,
  }),
  answered("a registry is asked too often", status(429, { "retry-after": "60" })),
  answered("a registry says that it is asked too often", status(403, {}, JSON.stringify({ errors: [{ code: "TOOMANYREQUESTS" }] }))),
  answered("a registry fails", status(502)),
  answered("a registry answers with another status", status(418)),
  answered("a registry closes the connection", { kind: "reset" }),
  answered("a registry's answer is cut off", { kind: "truncate", bytes: 3 }),
  answered("a registry does not answer", { kind: "hang" }),
  answered("a registry falls silent", { kind: "stall", bytes: 3 }),
  answered("an answer is too long", { kind: "huge", bytes: 2000 }, { limitBytes: 1000 }),
  answered("a registry redirects without end", { kind: "redirect", location: "/v2/team/app/manifests/1" }),
  {
    when: "a registry redirects to where it is refused",
    says: () =>
      sent((registry) => {
        registry.setMode(/./, { kind: "redirect", location: "/elsewhere" });
        registry.setMode(/^\/elsewhere/, status(403));
        return undefined;
      }),
  },
  {
    when: "a registry redirects to where nothing is known",
    says: () =>
      sent((registry) => {
        registry.setMode(/./, { kind: "redirect", location: "/elsewhere" });
        registry.setMode(/^\/elsewhere/, status(404));
        return undefined;
      }),
  },
  {
    when: "a registry redirects to where it may not",
    says: () =>
      lines([undefined, "https://a\\b", "https://", "https://user@b.example/", "http://b.example/"], (location) =>
        nextHop(location, { origin: host, path: "/v2/", isInside: true }, request),
      ),
  },
  {
    when: "a list's next page is where it may not be",
    says: () =>
      lines(["<http://[>", "<https://evil.example/v2/team/app/x>", "</v2/other/x>", "</v2/team/app/%00>"], (link) =>
        nextPage(request, `${link ?? ""}; rel="next"`, new URL(`${host}/v2/team/app/tags/list`)),
      ),
  },
];

const realms = [
  "Bearer",
  `Bearer realm="https://${"a".repeat(3000)}"`,
  'Bearer realm="https://a\\\\b"',
  'Bearer realm="https://registry.acme.io/token",service="\u0001"',
  'Bearer realm="/token"',
  'Bearer realm="https://["',
  'Bearer realm="http://registry.acme.io/token"',
  'Bearer realm="https://user@registry.acme.io/token"',
  'Bearer realm="https://evil.example/token"',
];

const tokens: Situations = [
  {
    when: "a token service is none, or lies elsewhere",
    says: () => lines(realms, (text) => parseScheme(parseChallenges([text ?? ""]), request.access)),
  },
  tokenService("a token service refuses a password", status(401)),
  tokenService("a token service forbids", status(403)),
  tokenService("a token service is asked too often", status(429, { "retry-after": "60" })),
  tokenService("a token service fails", status(500)),
  tokenService("a token service redirects", { kind: "redirect", location: "/x" }),
  tokenService("a token service gives no token", { kind: "bytes", body: "{}" }),
  tokenService("a token service does not answer", { kind: "hang" }),
  answered("a token service gives no token to who sends no credential", status(401), { auth: token, on: /^\/token/ }),
  answered("a token service does not exchange refresh tokens", status(404), { auth: token, on: /^\/token/, refreshToken: canary }),
];

export const transports: Situations = [...connections, ...answers, ...tokens];
