import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Certificate } from "../certificates.ts";
import { freePort } from "./part.ts";

/** One token request with all that it carried, so that a test can search it for a secret that has no business there. */
export interface TokenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** Whom it let in; absent: anonymous, or refused (then `status` is 401). */
  readonly user?: string;
  readonly status: number;
}

/** One `scope`, taken apart: `repository:acme/web:pull,push`. */
export interface TokenScope {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

export interface TokenServerOptions {
  /** Server certificate. */
  readonly tls: Certificate;
  readonly users: Readonly<Record<string, string>>;
  /** Which of the wanted actions are granted. Default: a user may all, anonymous may pull what has a path segment `public`. */
  readonly grant?: (user: string | undefined, scope: TokenScope) => readonly string[];
  /** Host name in the realm. Default "localhost": cosign refuses a realm at an address literal other than the registry's own. */
  readonly realmHost?: "localhost" | "127.0.0.1";
}

/** A token service after the distribution project's token specification, inside the test process. */
export interface TokenServer {
  /** "https://localhost:21510/token" */
  readonly realm: string;
  /** "localhost:21510" */
  readonly host: string;
  readonly service: string;
  readonly issuer: string;
  /** What the registry checks signatures with. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, unknown>>[] };
  readonly requests: readonly TokenRequest[];
  /** Replaces all users at once. */
  setUsers(users: Readonly<Record<string, string>>): void;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const service = "test-registry";
const issuer = "test-issuer";
const lifetimeSeconds = 300;

/** Starts a token service: GET with Basic, and the OAuth2 POST (grant types password and refresh_token). Tokens are ES256. */
export async function startTokenServer(options: TokenServerOptions): Promise<TokenServer> {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const { crv, kty, x, y } = publicKey.export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url"); // RFC 7638
  const grant = options.grant ?? defaultGrant;
  const requests: TokenRequest[] = [];
  let users = options.users;

  const answer = (request: IncomingMessage, body: string): { readonly status: number; readonly user?: string; readonly json: unknown } => {
    const url = new URL(request.url ?? "/", "https://token.test");
    if (url.pathname !== "/token") return { status: 404, json: failure("NOT_FOUND") };
    const fields = request.method === "POST" ? new URLSearchParams(body) : url.searchParams;
    const login = request.method === "POST" ? postedLogin(fields) : basicLogin(request.headers.authorization);
    if (login === "refused" || (login !== undefined && (!Object.hasOwn(users, login.user) || users[login.user] !== login.password))) {
      return { status: 401, json: failure("UNAUTHORIZED") };
    }
    const scopes = fields
      .getAll("scope")
      .flatMap((text) => text.split(" "))
      .filter((text) => text !== "")
      .map(parseScope);
    const access = scopes.map((scope) => ({ ...scope, actions: grant(login?.user, scope) })).filter((scope) => scope.actions.length > 0);
    const token = signToken({ privateKey, kid }, { sub: login?.user ?? "", aud: fields.get("service") ?? "", access });
    const json = { token, access_token: token, expires_in: lifetimeSeconds, issued_at: new Date().toISOString() };
    return { status: 200, json, ...(login && { user: login.user }) };
  };
  const server = createServer({ cert: options.tls.pem, key: options.tls.keyPem }, (request, response) => {
    void readBody(request).then(
      (body) => {
        const { status, json, user } = answer(request, body);
        const { method = "", url = "", headers } = request;
        requests.push({ method, url, headers, body, status, ...(user !== undefined && { user }) });
        reply(response, status, json);
      },
      () => response.destroy(),
    );
  });
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    server.ref();
    await once(server, "close");
  };
  const host = `${options.realmHost ?? "localhost"}:${port}`;
  return {
    realm: `https://${host}/token`,
    host,
    service,
    issuer,
    jwks: { keys: [{ crv, kty, x, y, kid, use: "sig", alg: "ES256" }] },
    requests,
    setUsers: (next) => {
      users = next;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function defaultGrant(user: string | undefined, scope: TokenScope): readonly string[] {
  if (user !== undefined) return scope.actions;
  return scope.name.split("/").includes("public") ? scope.actions.filter((action) => action === "pull") : [];
}

interface Login {
  readonly user: string;
  readonly password: string;
}

function basicLogin(header: string | undefined): Login | "refused" | undefined {
  if (header === undefined) return undefined;
  const encoded = /^Basic (.+)$/i.exec(header)?.[1];
  if (encoded === undefined) return "refused";
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? "refused" : { user: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** A refresh token of this service is the user's password behind their name and a colon: nothing to keep, and it dies with the password. */
function postedLogin(fields: URLSearchParams): Login | "refused" {
  const type = fields.get("grant_type");
  if (type === "password") return { user: fields.get("username") ?? "", password: fields.get("password") ?? "" };
  if (type === "refresh_token")
    return basicLogin(`Basic ${Buffer.from(fields.get("refresh_token") ?? "").toString("base64")}`) ?? "refused";
  return "refused";
}

/** The name may hold colons (a host with a port), the type and the actions may not. */
function parseScope(text: string): TokenScope {
  const [first, last] = [text.indexOf(":"), text.lastIndexOf(":")];
  return { type: text.slice(0, first), name: text.slice(first + 1, last), actions: text.slice(last + 1).split(",") };
}

function signToken(
  key: { readonly privateKey: KeyObject; readonly kid: string },
  claims: { readonly sub: string; readonly aud: string; readonly access: readonly TokenScope[] },
): string {
  const now = Math.floor(Date.now() / 1_000);
  const header = { typ: "JWT", alg: "ES256", kid: key.kid };
  const payload = { iss: issuer, exp: now + lifetimeSeconds, nbf: now - 10, iat: now, jti: randomUUID(), ...claims };
  const input = [header, payload].map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${input}.${sign("sha256", Buffer.from(input), { key: key.privateKey, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

const failure = (code: string): unknown => ({ errors: [{ code }] });

function reply(response: ServerResponse, status: number, json: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json));
}

/** A token request is small; one of more than 64 KiB is cut off. */
async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > 65_536) throw new RangeError("Request body is too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
