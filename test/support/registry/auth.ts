import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

/** A user; `pull` names the repositories that it may read, absent: all. */
export interface RegistryUser {
  readonly password: string;
  readonly pull?: readonly string[];
}

export interface BasicAuth {
  readonly kind: "basic";
  readonly users: Readonly<Record<string, string | RegistryUser>>;
}
export interface TokenAuth {
  readonly kind: "token";
  readonly users: Readonly<Record<string, string | RegistryUser>>;
  /** Values that `grant_type=refresh_token` takes, with the user they stand for. */
  readonly refreshTokens?: Readonly<Record<string, string>>;
  /** May POST be used; default true. */
  readonly post?: boolean;
  /** Repositories that a token without a user may read; default none. */
  readonly publicRepositories?: readonly string[];
  /** The realm of the challenge; default `<origin of the token service>/token`. */
  readonly realm?: string;
  readonly service?: string;
  /** The scope of the challenge; default the repository's pull. */
  readonly scope?: string;
  /** Default 300; it is said, and not kept by a clock: `revokeTokens` ends a token. */
  readonly expiresInSeconds?: number;
  /** The token service listens on a port of its own. Default false: on the registry's. */
  readonly separate?: boolean;
}
export type RegistryAuth = { readonly kind: "none" } | BasicAuth | TokenAuth;

/** What a request may do, or the answer that refuses it. */
export type Admission =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 401 | 403; readonly code: "UNAUTHORIZED" | "DENIED"; readonly challenge?: string };

interface Grant {
  readonly user: string | undefined;
  readonly scope: string | undefined;
}

/** Users, tokens, and who may read what. */
export class Gate {
  readonly #auth: RegistryAuth;
  readonly #tokens = new Map<string, Grant>();

  constructor(auth: RegistryAuth) {
    this.#auth = auth;
  }

  /** Every token issued so far is refused from now on. */
  revokeTokens(): void {
    this.#tokens.clear();
  }

  admit(authorization: string | undefined, repository: string | undefined, tokenOrigin: string): Admission {
    const auth = this.#auth;
    if (auth.kind === "none") return { ok: true };
    if (auth.kind === "basic") {
      const user = this.#basicUser(authorization);
      if (user === undefined) return { ok: false, status: 401, code: "UNAUTHORIZED", challenge: 'Basic realm="test registry"' };
      return this.#mayPull(user, repository) ? { ok: true } : { ok: false, status: 403, code: "DENIED" };
    }
    const grant = this.#tokens.get(/^Bearer (.+)$/.exec(authorization ?? "")?.[1] ?? "");
    const wanted = repository === undefined ? undefined : `repository:${repository}:pull`;
    if (grant !== undefined && (wanted === undefined || (grant.scope === wanted && this.#mayPull(grant.user, repository))))
      return { ok: true };
    const scope = auth.scope ?? wanted;
    const realm = auth.realm ?? `${tokenOrigin}/token`;
    const challenge = `Bearer realm="${realm}",service="${auth.service ?? "test-registry"}"${scope === undefined ? "" : `,scope="${scope}"`}`;
    return { ok: false, status: 401, code: "UNAUTHORIZED", challenge };
  }

  /** The token service: distribution's token.md by GET, oauth.md by POST. */
  issue(request: IncomingMessage, body: string): { readonly status: number; readonly body: unknown } {
    const auth = this.#auth;
    if (auth.kind !== "token") return { status: 404, body: {} };
    const isPost = request.method === "POST";
    if (isPost && auth.post === false) return { status: 405, body: {} };
    const params = isPost ? new URLSearchParams(body) : new URL(request.url ?? "/", "http://test").searchParams;
    const { authorization } = request.headers;
    const user = isPost ? auth.refreshTokens?.[params.get("refresh_token") ?? ""] : this.#basicUser(authorization);
    if (user === undefined && (isPost || authorization !== undefined))
      return { status: isPost ? 400 : 401, body: isPost ? { error: "invalid_grant" } : { errors: [{ code: "UNAUTHORIZED" }] } };
    const token = `token-${randomBytes(16).toString("hex")}`;
    this.#tokens.set(token, { user, scope: params.get("scope") ?? undefined });
    return { status: 200, body: { token, access_token: token, expires_in: auth.expiresInSeconds ?? 300 } };
  }

  #basicUser(authorization: string | undefined): string | undefined {
    const auth = this.#auth;
    const encoded = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
    if (encoded === undefined || auth.kind === "none") return undefined;
    const pair = Buffer.from(encoded, "base64").toString("utf8");
    const colon = pair.indexOf(":");
    const name = pair.slice(0, colon);
    const known = Object.hasOwn(auth.users, name) ? auth.users[name] : undefined;
    const password = typeof known === "string" ? known : known?.password;
    return password !== undefined && password === pair.slice(colon + 1) ? name : undefined;
  }

  #mayPull(user: string | undefined, repository: string | undefined): boolean {
    const auth = this.#auth;
    if (auth.kind === "none" || repository === undefined) return true;
    if (user === undefined) return auth.kind === "token" && (auth.publicRepositories ?? []).includes(repository);
    const known = auth.users[user];
    const pull = typeof known === "string" ? undefined : known?.pull;
    return pull === undefined || pull.includes(repository);
  }
}
