import { constants, type BigIntStats } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { AuthProviderConfigs } from "../api/auth-provider.ts";
import { Secret } from "../kernel/secret.ts";
import { SingleFlight } from "../kernel/single-flight.ts";
import { notReady, toError } from "../keychain/answer.ts";
import { credentialsFor, decodeDockerConfig, type DockerConfig, longestDockerConfig } from "../keychain/docker-config-json.ts";
import { refuseForeign } from "../keychain/gate.ts";
import {
  type AuthProvider,
  type AuthProviderDeps,
  CredentialUnavailableError,
  type ProviderState,
  type Unavailable,
} from "../keychain/ports.ts";
import type { Credential } from "../oci/credential.ts";
import { echo } from "../oci/parsed.ts";
import type { Repository } from "../oci/repository.ts";

interface Loaded {
  /** Device, inode, time and size: what changes when the file does. */
  readonly version: string;
  readonly config: DockerConfig;
}

/** `type: dockerConfig`: a Docker `config.json` below the file root, read when a credential is first needed and again whenever it has changed. */
export function dockerConfigAuth(config: AuthProviderConfigs["dockerConfig"], deps: AuthProviderDeps): AuthProvider {
  return new DockerConfigAuth(config.path, deps);
}

class DockerConfigAuth implements AuthProvider {
  readonly #path: string;
  readonly #deps: AuthProviderDeps;
  readonly #source: string;
  readonly #flight = new SingleFlight<"file", Loaded>();
  #loaded: Loaded | undefined;
  #failure: Unavailable | undefined;

  constructor(path: string, deps: AuthProviderDeps) {
    this.#path = path;
    this.#deps = deps;
    this.#source = `The file of AuthProvider/${echo(deps.name, 63)}`;
    // Known before anyone asks: a status must not say Resolved of a file that can never be read.
    if (deps.fileRoot === undefined) this.#failure = this.#withoutRoot();
  }

  async credentials(repository: Repository, signal: AbortSignal): Promise<readonly Credential[]> {
    const foreign = refuseForeign(this.#deps, repository);
    if (foreign !== undefined) throw toError(foreign);
    const { config } = await this.#flight.run("file", () => this.#refresh(), signal);
    const answer = config.ok ? credentialsFor(config.keys, repository, this.#source) : config;
    if (!answer.ok) throw toError(answer);
    return answer.credentials;
  }

  state(): ProviderState {
    if (this.#failure !== undefined) return notReady(this.#failure);
    const config = this.#loaded?.config;
    if (config === undefined)
      return { ready: true, reason: "Resolved", message: `${this.#source} is read when a credential is first needed`, warnings: [] };
    if (!config.ok) return notReady(config);
    return { ready: true, reason: "Resolved", message: `${this.#source} has credentials`, warnings: config.warnings };
  }

  /** Only what needs no reading: of the file itself the next {@link credentials} tells. */
  unavailable(repository: Repository): Unavailable | undefined {
    return refuseForeign(this.#deps, repository) ?? (this.#deps.fileRoot === undefined ? this.#withoutRoot() : undefined);
  }

  async #refresh(): Promise<Loaded> {
    try {
      const path = await this.#locate();
      const version = versionOf(await stat(path, { bigint: true }));
      if (this.#loaded?.version !== version) this.#loaded = await this.#read(path);
      this.#failure = undefined;
      return this.#loaded;
    } catch (cause) {
      // What was read before is not served any longer: a credential that was taken away must not live on.
      this.#loaded = undefined;
      const failure = cause instanceof CredentialUnavailableError ? cause : this.#unreadable(cause);
      this.#failure = { reason: failure.reason, message: failure.message };
      throw failure;
    }
  }

  /** Where the file really is: symbolic links may lead about within the root, as in a mounted Secret, and never out of it. */
  async #locate(): Promise<string> {
    const { fileRoot } = this.#deps;
    if (fileRoot === undefined) throw toError(this.#withoutRoot());
    const root = await realpath(fileRoot);
    const path = await realpath(resolve(root, this.#path));
    const below = relative(root, path);
    if (below === "" || below === ".." || below.startsWith(`..${sep}`) || isAbsolute(below))
      throw toError({ reason: "InvalidSpec", message: `${this.#source} is not below --file-root` });
    return path;
  }

  #withoutRoot(): Unavailable {
    return { reason: "InvalidSpec", message: `${this.#source} cannot be read: --file-root is not set` };
  }

  async #read(path: string): Promise<Loaded> {
    // O_NONBLOCK: a named pipe must not hold us; O_NOFOLLOW: the path is already resolved, a link that is new here is somebody's trick.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stats = await file.stat({ bigint: true });
      if (!stats.isFile()) throw toError({ reason: "CredentialInvalid", message: `${this.#source} is not a regular file` });
      const buffer = Buffer.alloc(longestDockerConfig + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < buffer.length; length += read) {
        read = (await file.read(buffer, length, buffer.length - length, length)).bytesRead;
      }
      const version = versionOf(stats);
      const bytes = new Secret<Uint8Array>(buffer.subarray(0, length));
      return { version, config: decodeDockerConfig(bytes, { source: this.#source, revision: version, format: "dockerconfigjson" }) };
    } finally {
      await file.close();
    }
  }

  /** The path stands in the spec and nowhere else; Node's message would repeat it. */
  #unreadable(cause: unknown): CredentialUnavailableError {
    const code =
      typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown error";
    return code === "ENOENT" || code === "ENOTDIR"
      ? toError({ reason: "RefNotFound", message: `${this.#source} does not exist` })
      : toError({ reason: "CredentialInvalid", message: `${this.#source} cannot be read (${code})` });
  }
}

function versionOf(stats: BigIntStats): string {
  return `file/${stats.dev}-${stats.ino}-${stats.mtimeNs}-${stats.ctimeNs}-${stats.size}`;
}
